import type { RotationEntry, SessionView, TrafficEntry } from '#shared/model/session.ts'
import type { Clock } from '../clock.ts'
import type { SecureCommunicationProtocol } from '../session/protocol.ts'
import type { SecureSession } from '../session/secure-session.ts'
import { isFleetMessage, type Report, reportLimit } from './fleet-messages.ts'

/** What happens within this many milliseconds goes into one report. */
const collectMilliseconds = 250
/** Entries kept while the console is out of reach; beyond it the newest are counted, not kept. */
const backlogLimit = 10_000

/** Tells the console about an agent's sessions, over the agent's session with it. */
export class Reporter {
  readonly #protocol: SecureCommunicationProtocol
  readonly #clock: Clock
  readonly #consoleAgent: string
  readonly #sessions = new Map<string, SessionView>()
  readonly #stopListening: (() => void)[]
  #traffic: TrafficEntry[] = []
  #rotations: RotationEntry[] = []
  #dropped = 0
  #cancelTimer: (() => void) | null = null

  constructor(options: { protocol: SecureCommunicationProtocol; clock: Clock; consoleAgent: string }) {
    this.#protocol = options.protocol
    this.#clock = options.clock
    this.#consoleAgent = options.consoleAgent
    this.#stopListening = [
      this.#protocol.on('established', (session) => {
        for (const one of session.peerAgent === this.#consoleAgent ? this.#protocol.sessions() : [session])
          this.#session(one)
      }),
      this.#protocol.on('changed', (session) => this.#session(session)),
      this.#protocol.on('closed', ({ session }) => this.#session(session)),
      this.#protocol.on('traffic', (entry) => {
        if (entry.verdict !== null || !isFleetMessage(entry.messageType)) this.#keep(this.#traffic, entry)
      }),
      this.#protocol.on('rotation', (entry) => {
        if (!entry.peers.includes(this.#consoleAgent)) this.#keep(this.#rotations, entry)
      }),
    ]
  }

  stop(): void {
    for (const stop of this.#stopListening) stop()
    this.#cancelTimer?.()
  }

  /** The console knows its own sessions itself; when one with it begins, it is told of all the others. */
  #session(session: SecureSession): void {
    if (session.peerAgent === this.#consoleAgent) return
    this.#sessions.set(session.sessionId, this.#protocol.view(session))
    this.#schedule()
  }

  #keep<Entry>(list: Entry[], entry: Entry): void {
    if (list.length < backlogLimit) list.push(entry)
    else this.#dropped++
    this.#schedule()
  }

  #schedule(): void {
    if (this.#sessions.size + this.#traffic.length + this.#rotations.length === 0) return
    this.#cancelTimer ??= this.#clock.after(collectMilliseconds, () => {
      this.#cancelTimer = null
      void this.#flush()
    })
  }

  /** Sends what has been collected; what the console does not acknowledge is kept for the next time. */
  async #flush(): Promise<void> {
    const sessions = [...this.#sessions.values()].slice(0, reportLimit)
    const report: Report = {
      type: 'groundlock.report',
      sessions,
      traffic: this.#traffic.slice(0, reportLimit),
      rotations: this.#rotations.slice(0, reportLimit),
      dropped: this.#dropped,
    }
    for (const { sessionId } of sessions) this.#sessions.delete(sessionId)
    this.#traffic = this.#traffic.slice(reportLimit)
    this.#rotations = this.#rotations.slice(reportLimit)
    this.#dropped = 0
    this.#schedule()
    const delivered = await this.#protocol
      .sendSecureMessage({ peerAgent: this.#consoleAgent }, report, 2)
      .catch(() => false)
    if (!delivered) this.#putBack(report)
  }

  #putBack(report: Report): void {
    for (const view of report.sessions)
      if (!this.#sessions.has(view.sessionId)) this.#sessions.set(view.sessionId, view)
    this.#traffic = [...report.traffic, ...this.#traffic]
    this.#rotations = [...report.rotations, ...this.#rotations]
    this.#dropped += report.dropped
    this.#schedule()
  }
}
