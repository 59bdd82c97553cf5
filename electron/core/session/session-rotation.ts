import type { RotationEntry, RotationTrigger } from '#shared/model/session.ts'
import { type Clock, isoTime } from '../clock.ts'
import { EncryptionError, SecurityException } from '../errors.ts'
import type { RekeyNotice } from './rekey.ts'
import type { SecureSession } from './secure-session.ts'

/** How long a rotation that somebody asked for may take, in milliseconds. */
const rotationMilliseconds = 15_000

/** How much later than its interval the side that did not begin a session rotates it, in milliseconds. */
const responderDelay = 10_000

interface SessionRotationOptions {
  readonly clock: Clock
  /** Seconds; `key_rotation_interval`. */
  readonly interval: number
  readonly linkIsUp: () => boolean
}

/** Rotates the keys of an agent's sessions: on the timer and on request. */
export class SessionRotation {
  readonly #options: SessionRotationOptions
  readonly #timers = new Map<string, () => void>()

  constructor(options: SessionRotationOptions) {
    this.#options = options
  }

  /**
   * Sets the timer of a session anew, counted from its current key version. The initiator's runs first, so that the two
   * sides do not race; the other side's makes sure that its own policy holds whatever the initiator does. Out of
   * contact the timer waits for the next interval; expiry does not.
   */
  schedule(session: SecureSession): void {
    this.cancel(session)
    const { clock, interval, linkIsUp } = this.#options
    const wait = interval * 1000 + (session.initiator ? 0 : responderDelay)
    const cancel = clock.after(wait, () => {
      if (!linkIsUp()) return this.schedule(session)
      // Success and failure are both announced by the session's notice.
      session.rotate('timer').catch(() => undefined)
    })
    this.#timers.set(session.sessionId, cancel)
  }

  cancel(session: SecureSession): void {
    this.#timers.get(session.sessionId)?.()
    this.#timers.delete(session.sessionId)
  }

  /** Rotates now; the promise says how it went and never rejects. */
  async rotate(session: SecureSession, trigger: RotationTrigger): Promise<RotationEntry> {
    const late = Promise.withResolvers<never>()
    const cancel = this.#options.clock.after(rotationMilliseconds, () =>
      late.reject(new EncryptionError('agent_unreachable', 'The peer did not answer in time.')),
    )
    try {
      const keyVersion = await Promise.race([session.rotate(trigger), late.promise])
      return this.entry(session, { outcome: 'rotated', trigger, keyVersion, detail: 'fresh ECDH P-384' })
    } catch (error) {
      const detail = error instanceof SecurityException ? error.message : 'The rotation failed.'
      return this.entry(session, { outcome: 'failed', trigger, keyVersion: session.keyVersion, detail })
    } finally {
      cancel()
    }
  }

  entry(session: SecureSession, notice: RekeyNotice): RotationEntry {
    const { initiator, responder } = session.view(null)
    return {
      sessionId: session.sessionId,
      peers: [initiator, responder],
      keyVersion: notice.keyVersion,
      trigger: notice.trigger,
      outcome: notice.outcome,
      time: isoTime(this.#options.clock.now()),
      detail: notice.detail,
    }
  }
}
