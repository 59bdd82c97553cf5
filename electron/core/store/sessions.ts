import { SessionView } from '#shared/model/session.ts'
import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

/** The sessions that the console has seen, each as its last known view. */
export class SessionStore {
  readonly #save: Statement<
    [id: string, initiator: string, responder: string, view: string, closedAt: string | null],
    never
  >
  readonly #open: Statement<[], { view: string }>
  readonly #one: Statement<[sessionId: string], { view: string }>
  readonly #recent: Statement<[limit: number], { view: string }>

  constructor(database: Database) {
    this.#save = database.prepare(
      `INSERT INTO session_record (session_id, initiator, responder, view, closed_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (session_id) DO UPDATE SET view = excluded.view, closed_at = excluded.closed_at`,
    )
    this.#open = database.prepare('SELECT view FROM session_record WHERE closed_at IS NULL')
    this.#one = database.prepare('SELECT view FROM session_record WHERE session_id = ?')
    this.#recent = database.prepare(
      'SELECT view FROM session_record WHERE closed_at IS NOT NULL ORDER BY closed_at DESC LIMIT ?',
    )
  }

  /** Durable when it returns; joins a transaction. */
  save(view: SessionView): void {
    this.#save.run(view.sessionId, view.initiator, view.responder, JSON.stringify(view), view.closedAt)
  }

  /** A session by its identifier, open or closed. */
  read(sessionId: string): SessionView | null {
    const row = this.#one.get(sessionId)
    return row === undefined ? null : parse(row)
  }

  open(): SessionView[] {
    return this.#open.all().map(parse)
  }

  /** The sessions that were closed last, newest first. */
  recentlyClosed(limit: number): SessionView[] {
    return this.#recent.all(limit).map(parse)
  }
}

const parse = ({ view }: { view: string }): SessionView => SessionView.parse(JSON.parse(view))
