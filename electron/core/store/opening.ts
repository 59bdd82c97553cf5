import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { SecurityException } from '../errors.ts'
import { synchroniseFolder } from './private-file.ts'
import type { Migration } from './migrations.ts'
import { errorCode } from './storage-errors.ts'

/** How long a statement waits for another process that writes, in milliseconds. */
const busyTimeout = 5000

const damaged = (problem: string, cause?: unknown): SecurityException =>
  new SecurityException(
    'database_damaged',
    `The database ${problem}. It was left as it is. Restore it from a backup, or move it away to start afresh.`,
    { cause },
  )

/**
 * better-sqlite3 13 is built for Node-API 10; on an older runtime its first use ends the process without a word.
 * @throws SecurityException `internal` naming the runtime that is needed.
 */
export function requireNodeApi(version = process.versions.napi): void {
  if (Number(version) >= 10) return
  throw new SecurityException(
    'internal',
    `The database needs Node.js 24 (Node-API 10 or newer); this is ${process.version}. Start with npm start.`,
  )
}

/** Opens a connection and sets what holds for it alone. Writers get WAL with every commit synchronised to the disk. */
export function connect(file: string, readOnly: boolean): Sqlite.Database {
  const connection = new Sqlite(file, { readonly: readOnly, fileMustExist: true, timeout: busyTimeout })
  try {
    connection.pragma('trusted_schema = OFF')
    connection.pragma('foreign_keys = ON')
    if (!readOnly) {
      connection.pragma('journal_mode = WAL')
      // In WAL better-sqlite3 would otherwise run with NORMAL, which may lose the last commits when the power fails.
      connection.pragma('synchronous = FULL')
    }
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/**
 * Opens a connection that only reads. Where the folder cannot be written, SQLite cannot put the shared memory of WAL
 * there; a database that was closed properly is then read from a copy in memory, so that evidence on read-only media
 * can be verified.
 */
export function connectReader(file: string): Sqlite.Database {
  const connection = connect(file, true)
  try {
    connection.prepare('SELECT count(*) FROM sqlite_schema').get()
    return connection
  } catch (error) {
    connection.close()
    const code = errorCode(error)
    const needsToWrite = code?.startsWith('SQLITE_CANTOPEN') || code?.startsWith('SQLITE_READONLY')
    if (!needsToWrite || existsSync(`${file}-wal`)) throw error
    return connectToCopy(file)
  }
}

/** Offset of the file format's write and read version (sqlite.org/fileformat.html section 1.3): 2 is WAL, 1 is not. */
const formatVersions = 18

function connectToCopy(file: string): Sqlite.Database {
  const content = readFileSync(file)
  content.fill(1, formatVersions, formatVersions + 2)
  const connection = new Sqlite(content, { readonly: true })
  connection.pragma('trusted_schema = OFF')
  return connection
}

/**
 * Makes the database under another name and renames it when it is complete, so a crash or a full disk never leaves
 * a half-made one behind, and an empty file in its place is always damage.
 */
export function createDatabase(file: string, migrations: readonly Migration[]): void {
  if (existsSync(`${file}-wal`)) throw damaged('file is missing while its journal is still there')
  const draft = `${file}.new`
  const drafts = [draft, `${draft}-journal`, `${draft}-wal`, `${draft}-shm`]
  for (const path of drafts) rmSync(path, { force: true })
  try {
    closeSync(openSync(draft, 'wx', 0o600))
    const connection = new Sqlite(draft)
    try {
      connection.pragma('synchronous = FULL')
      migrate(connection, migrations)
    } finally {
      connection.close()
    }
    renameSync(draft, file)
    synchroniseFolder(file)
  } finally {
    for (const path of drafts) rmSync(path, { force: true })
  }
}

/**
 * Looks at an existing database through a read-only connection, so that one that is refused keeps every byte.
 * @returns the version of its tables.
 * @throws SecurityException `database_damaged`, `database_newer`.
 */
export function inspect(connection: Sqlite.Database, latest: number): number {
  const version = readVersion(connection)
  if (version > latest) {
    throw new SecurityException(
      'database_newer',
      `The database was written by a newer Groundlock (version ${version}, this one knows ${latest}). It was left as it is. Update Groundlock, or choose another data folder with --data-dir.`,
    )
  }
  const findings = connection.pragma('quick_check(1)', { simple: true })
  if (findings !== 'ok') throw damaged('does not pass its integrity check', findings)
  return version
}

function readVersion(connection: Sqlite.Database): number {
  const known = connection
    .prepare<[], { name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
    )
    .get()
  if (!known) throw damaged('file is empty or was not made by Groundlock')
  const row = connection
    .prepare<[], { version: number | null }>('SELECT max(version) AS version FROM schema_version')
    .get()
  if (typeof row?.version !== 'number') throw damaged('does not say which version it has')
  return row.version
}

/** Brings the tables up to date, all missing steps in one transaction. Also proves that the file can be written. */
export function migrate(connection: Sqlite.Database, migrations: readonly Migration[]): void {
  connection
    .transaction(() => {
      connection.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY) STRICT')
      const row = connection
        .prepare<[], { version: number }>('SELECT coalesce(max(version), 0) AS version FROM schema_version')
        .get()
      const reached = row?.version ?? 0
      const record = connection.prepare<[number]>('INSERT INTO schema_version (version) VALUES (?)')
      for (const step of migrations.filter(({ version }) => version > reached)) {
        connection.exec(step.sql)
        record.run(step.version)
      }
    })
    .immediate()
}
