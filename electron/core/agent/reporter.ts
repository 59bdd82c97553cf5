import type { RotationEntry, SessionView, TrafficEntry } from '#shared/model/session.ts'
import type { Clock } from '../clock.ts'
import { opaqueId } from '../crypto/random.ts'
import { SecurityException } from '../errors.ts'
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
  readonly #traffic: TrafficEntry[] = []
  readonly #rotations: RotationEntry[] = []
  #dropped = 0
  #limit = reportLimit
  #unsent: Report | null = null
  #sending = false
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
    if (this.#unsent === null && this.#sessions.size + this.#traffic.length + this.#rotations.length === 0)
      return
    if (this.#sending || this.#cancelTimer !== null) return
    this.#cancelTimer = this.#clock.after(collectMilliseconds, () => {
      this.#cancelTimer = null
      void this.#flush()
    })
  }

  /** One report at a time. What the console does not acknowledge is sent again, the same, until it does. */
  async #flush(): Promise<void> {
    this.#sending = true
    const report = this.#unsent ?? this.#collect()
    this.#unsent = report
    try {
      if (await this.#protocol.sendSecureMessage({ peerAgent: this.#consoleAgent }, report, 2))
        this.#unsent = null
    } catch (error) {
      if (error instanceof SecurityException && error.code === 'invalid_input') this.#split(report)
    } finally {
      this.#sending = false
      this.#schedule()
    }
  }

  #collect(): Report {
    const sessions = [...this.#sessions.values()].slice(0, this.#limit)
    for (const { sessionId } of sessions) this.#sessions.delete(sessionId)
    const report: Report = {
      type: 'groundlock.report',
      reportId: opaqueId(),
      sessions,
      traffic: this.#traffic.splice(0, this.#limit),
      rotations: this.#rotations.splice(0, this.#limit),
      dropped: this.#dropped,
    }
    this.#dropped = 0
    return report
  }

  /** The report is too large for a message: half as much at a time from now on. */
  #split(report: Report): void {
    this.#unsent = null
    this.#limit = Math.max(1, Math.floor(this.#limit / 2))
    for (const view of report.sessions)
      if (!this.#sessions.has(view.sessionId)) this.#sessions.set(view.sessionId, view)
    this.#traffic.unshift(...report.traffic)
    this.#rotations.unshift(...report.rotations)
    this.#dropped += report.dropped
  }
}
