import type { AgentProfile } from '#shared/model/primitives.ts'
import type { Database, Statement } from './database.ts'

/** A row of the table `agent`. Times are ISO 8601 text. */
export interface AgentRow {
  readonly id: string
  readonly profile: AgentProfile
  readonly enrolled_at: string
  readonly last_seen_at: string | null
  readonly compromised_at: string | null
  readonly compromise_reason: string | null
  readonly refused_connections: number
  /** 1 for the console itself. */
  readonly is_console: 0 | 1
}

/** The agents that were ever enrolled. A name stays taken, also by an agent that is compromised. */
export class AgentStore {
  readonly #insert: Statement<[string, string, string, number], never>
  readonly #read: Statement<[string], AgentRow>
  readonly #all: Statement<[], AgentRow>
  readonly #compromise: Statement<[string, string, string], never>
  readonly #seen: Statement<[string, string], never>
  readonly #refused: Statement<[string], never>

  constructor(database: Database) {
    this.#insert = database.prepare(
      'INSERT INTO agent (id, profile, enrolled_at, is_console) VALUES (?, ?, ?, ?)',
    )
    this.#read = database.prepare('SELECT * FROM agent WHERE id = ?')
    this.#all = database.prepare('SELECT * FROM agent ORDER BY is_console DESC, id')
    this.#compromise = database.prepare(
      'UPDATE agent SET compromised_at = ?, compromise_reason = ? WHERE id = ? AND compromised_at IS NULL',
    )
    this.#seen = database.prepare('UPDATE agent SET last_seen_at = ? WHERE id = ?')
    this.#refused = database.prepare(
      'UPDATE agent SET refused_connections = refused_connections + 1 WHERE id = ?',
    )
  }

  /** @throws SecurityException `conflict` when the name is taken. */
  insert(agent: { id: string; profile: AgentProfile; enrolledAt: string; isConsole: boolean }): void {
    this.#insert.run(agent.id, agent.profile, agent.enrolledAt, agent.isConsole ? 1 : 0)
  }

  read(id: string): AgentRow | undefined {
    return this.#read.get(id)
  }

  /** The console first, then by name. */
  all(): AgentRow[] {
    return this.#all.all()
  }

  /** @returns false when the agent is unknown or already compromised. */
  compromise(id: string, at: string, reason: string): boolean {
    return this.#compromise.run(at, reason, id).changes === 1
  }

  /** @returns false when the agent is unknown; likewise `countRefusal`. */
  seen(id: string, at: string): boolean {
    return this.#seen.run(at, id).changes === 1
  }

  countRefusal(id: string): boolean {
    return this.#refused.run(id).changes === 1
  }
}
