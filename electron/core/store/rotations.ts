import { RotationEntry } from '#shared/model/session.ts'
import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

/** Every rotation that was made, failed or was skipped. */
export class RotationStore {
  readonly #add: Statement<[entry: string], never>
  readonly #newest: Statement<[limit: number], { entry: string }>

  constructor(database: Database) {
    this.#add = database.prepare('INSERT INTO rotation (entry) VALUES (?)')
    this.#newest = database.prepare('SELECT entry FROM rotation ORDER BY id DESC LIMIT ?')
  }

  /** Durable when it returns; joins a transaction. */
  add(entry: RotationEntry): void {
    this.#add.run(JSON.stringify(entry))
  }

  newest(limit: number): RotationEntry[] {
    return this.#newest.all(limit).map(({ entry }) => RotationEntry.parse(JSON.parse(entry)))
  }
}
