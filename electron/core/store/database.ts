import { existsSync } from 'node:fs'
import type Sqlite from 'better-sqlite3'
import { SecurityException } from '../errors.ts'
import { makePrivate } from './private-file.ts'
import type { Migration } from './migrations.ts'
import { connect, connectReader, createDatabase, inspect, migrate, requireNodeApi } from './opening.ts'
import { Statement } from './statement.ts'
import { storageError } from './storage-errors.ts'

export type { Statement } from './statement.ts'

export interface DatabaseOptions {
  /** Reads only, also beside a console that is running; the file must exist. */
  readonly readOnly?: boolean
  /** Told when a task handed to `afterCommit` throws; by then the act is done and cannot be refused any more. */
  readonly onTaskError?: (error: unknown) => void
}

/**
 * The one owner of the connection to a SQLite file. Statements are synchronous; one transaction holds everything
 * that belongs to an act, its audit record included, and is on the disk when `transaction` returns.
 */
export class Database {
  readonly file: string
  readonly readOnly: boolean
  readonly #connection: Sqlite.Database
  /** Prepared once: they run for every act. */
  readonly #steps: Readonly<Record<'begin' | 'commit' | 'rollBack', Sqlite.Statement>>
  readonly #onTaskError: (error: unknown) => void
  #open = true
  #depth = 0
  /** Why the running transaction may not be committed: a nested one failed, even if somebody caught that. */
  #spoiled: { readonly error: unknown } | null = null
  #tasks: (() => void)[] = []

  private constructor(file: string, connection: Sqlite.Database, options: DatabaseOptions) {
    this.file = file
    this.readOnly = options.readOnly ?? false
    this.#connection = connection
    this.#steps = {
      begin: connection.prepare('BEGIN IMMEDIATE'),
      commit: connection.prepare('COMMIT'),
      rollBack: connection.prepare('ROLLBACK'),
    }
    this.#onTaskError = options.onTaskError ?? (() => undefined)
  }

  /**
   * Opens `file`, creating it with mode 0600 where it is missing, checks it and brings it up to date.
   * @throws SecurityException `database_damaged` and `database_newer` (the file keeps every byte), `storage_full`,
   * `storage_read_only`, `not_found` (the folder, or with `readOnly` the file, is missing).
   */
  static open(file: string, migrations: readonly Migration[], options: DatabaseOptions = {}): Database {
    requireNodeApi()
    try {
      return new Database(file, openConnection(file, migrations, options.readOnly ?? false), options)
    } catch (error) {
      throw storageError(error, file)
    }
  }

  /** @throws SecurityException where the SQL does not fit the tables. */
  prepare<Parameters extends unknown[], Row = unknown>(sql: string): Statement<Parameters, Row> {
    return this.#guard(() => new Statement<Parameters, Row>(this.#connection.prepare(sql), this.file))
  }

  /**
   * Runs `work` in one transaction (BEGIN IMMEDIATE) and returns what it returns, once that is on the disk. Inside
   * another transaction it joins that one: if it fails there, nothing of the whole is kept, even if the caller goes on.
   * @throws whatever `work` throws, and the storage errors of `open`; nothing is kept then.
   */
  transaction<Result>(work: () => Result): Result {
    return this.#depth > 0 ? this.#join(work) : this.#begin(work)
  }

  /** Runs `task` when the current transaction is on the disk, not at all if it fails; at once if there is none. */
  afterCommit(task: () => void): void {
    if (this.#depth > 0) this.#tasks.push(task)
    else this.#run(task)
  }

  /** Whether the caller runs inside `transaction`. */
  get inTransaction(): boolean {
    return this.#depth > 0
  }

  /** Closes the file. Safe to call twice. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#guard(() => this.#connection.close())
  }

  #begin<Result>(work: () => Result): Result {
    this.#guard(() => this.#steps.begin.run())
    this.#depth = 1
    let result: Result
    try {
      result = refusePromise(work())
      if (this.#spoiled) throw this.#spoiled.error
      this.#guard(() => this.#steps.commit.run())
    } catch (error) {
      this.#rollBack()
      throw error
    }
    this.#depth = 0
    this.#runTasks()
    return result
  }

  #join<Result>(work: () => Result): Result {
    this.#depth += 1
    try {
      return refusePromise(work())
    } catch (error) {
      this.#spoiled ??= { error }
      throw error
    } finally {
      this.#depth -= 1
    }
  }

  #rollBack(): void {
    this.#depth = 0
    this.#spoiled = null
    this.#tasks = []
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (this.#connection.inTransaction) this.#guard(() => this.#steps.rollBack.run())
  }

  #runTasks(): void {
    const tasks = this.#tasks
    this.#tasks = []
    for (const task of tasks) this.#run(task)
  }

  #run(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.#onTaskError(error)
    }
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw storageError(error, this.file)
    }
  }
}

function openConnection(file: string, migrations: readonly Migration[], readOnly: boolean): Sqlite.Database {
  const latest = migrations.at(-1)?.version ?? 0
  if (!existsSync(file)) {
    if (readOnly) throw new SecurityException('not_found', 'There is no database in this data folder.')
    createDatabase(file, migrations)
  }
  const reader = readOnly ? connectReader(file) : connect(file, true)
  let version: number
  try {
    version = inspect(reader, latest)
    if (readOnly && version < latest) {
      throw new SecurityException(
        'conflict',
        `The database is of version ${version}, this Groundlock reads ${latest}. Start the console once to bring it up to date.`,
      )
    }
    if (readOnly) return reader
  } catch (error) {
    reader.close()
    throw error
  }
  reader.close()
  makePrivate(file)
  const connection = connect(file, false)
  try {
    migrate(connection, migrations)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** A promise would end after the commit; what it still writes would not be part of it. */
function refusePromise<Result>(result: Result): Result {
  if (result instanceof Promise) {
    result.catch(() => undefined)
    throw new TypeError('a transaction is synchronous')
  }
  return result
}
