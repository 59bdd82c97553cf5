import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

/** Reports of one agent that are remembered; an agent sends one after the other, so a few would do. */
const remembered = 64

/** Which reports of agents were taken, so that one that comes again changes nothing. */
export class ReportStore {
  readonly #add: Statement<[agentId: string, reportId: string], never>
  readonly #forget: Statement<[agentId: string, agentId: string, keep: number], never>

  constructor(database: Database) {
    this.#add = database.prepare('INSERT OR IGNORE INTO report (agent_id, report_id) VALUES (?, ?)')
    this.#forget = database.prepare(
      `DELETE FROM report WHERE agent_id = ? AND id <=
         (SELECT id FROM report WHERE agent_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
    )
  }

  /** False when the report was taken before. Joins the transaction that takes it. */
  take(agentId: string, reportId: string): boolean {
    if (this.#add.run(agentId, reportId).changes === 0) return false
    this.#forget.run(agentId, agentId, remembered)
    return true
  }
}
