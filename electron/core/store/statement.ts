import type Sqlite from 'better-sqlite3'
import { storageError } from './storage-errors.ts'

/** A prepared statement whose errors are those of `Database.open`, and `conflict` where a constraint is violated. */
export class Statement<Parameters extends unknown[], Row> {
  readonly #statement: Sqlite.Statement<unknown[], Row>
  readonly #file: string

  constructor(statement: Sqlite.Statement<unknown[], Row>, file: string) {
    this.#statement = statement
    this.#file = file
  }

  /** Changes rows; answers how many, and the row identifier of the last one inserted. */
  run(...parameters: Parameters): { readonly changes: number; readonly lastInsertRowid: number } {
    return this.#guard(() => {
      const { changes, lastInsertRowid } = this.#statement.run(...parameters)
      return { changes, lastInsertRowid: Number(lastInsertRowid) }
    })
  }

  /** The first row, undefined where there is none. */
  get(...parameters: Parameters): Row | undefined {
    return this.#guard(() => this.#statement.get(...parameters))
  }

  all(...parameters: Parameters): Row[] {
    return this.#guard(() => this.#statement.all(...parameters))
  }

  /** Rows one by one; the database can do nothing else until the loop ends. */
  *iterate(...parameters: Parameters): Generator<Row, void> {
    try {
      yield* this.#statement.iterate(...parameters)
    } catch (error) {
      throw storageError(error, this.#file)
    }
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw storageError(error, this.#file)
    }
  }
}
