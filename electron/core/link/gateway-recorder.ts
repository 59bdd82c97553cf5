import type { ErrorCode } from '#shared/errors.ts'
import type { Clock } from '../clock.ts'
import { fingerprint } from '../crypto/digest.ts'
import type { Connection } from './connection.ts'
import { SourceRates } from './rate-limit.ts'
import type { GatewayAudit, GatewayAuditEntry, Turned } from './surroundings.ts'

/** Comings and goings of one agent that are recorded one by one: 20 at once, then two a minute. */
const comings = { perSecond: 1 / 30, burst: 20 }

/** What a stranger can cause at will is one step less grave than what somebody did with a certificate of the fleet. */
const grave = new Set<ErrorCode>(['certificate_revoked', 'certificate_identity_mismatch'])

/**
 * What the gateway writes into the audit log. Keys group repeats; none holds anything a stranger chooses, except the
 * address they come from. A log that cannot be written must not bring the relay down, so faults are reported apart.
 */
export class GatewayRecorder {
  readonly #audit: GatewayAudit
  readonly #onError: (error: unknown) => void
  readonly #comings: SourceRates

  constructor(audit: GatewayAudit, clock: Clock, onError: (error: unknown) => void) {
    this.#audit = audit
    this.#comings = new SourceRates(comings, clock)
    this.#onError = onError
  }

  /** False if the record could not be written. */
  record(key: string | null, entry: GatewayAuditEntry): boolean {
    try {
      this.#audit(key, entry)
      return true
    } catch (error) {
      this.fault(error)
      return false
    }
  }

  fault(error: unknown): void {
    this.#onError(error)
  }

  connected({ agentId, remoteAddress, certificate }: Connection, replaces: boolean): boolean {
    return this.record(this.#key('connected', agentId), {
      type: 'AGENT_CONNECTED',
      severity: 'INFO',
      actor: agentId,
      subject: agentId,
      detail: { remoteAddress, certificate: fingerprint(certificate), replaces },
    })
  }

  disconnected({ agentId, remoteAddress, endedFor }: Connection): void {
    this.record(this.#key('disconnected', agentId), {
      type: 'AGENT_DISCONNECTED',
      severity: 'INFO',
      actor: agentId,
      subject: agentId,
      detail: { remoteAddress, endedFor },
    })
  }

  /** An agent broke a rule of the link and was disconnected. */
  violation({ agentId, remoteAddress }: Connection, code: ErrorCode, message: string): void {
    this.record(`frame:${code}:${agentId}`, {
      type: code === 'invalid_input' ? 'FRAME_REFUSED' : 'CONNECTION_REFUSED',
      severity: 'MEDIUM',
      actor: agentId,
      subject: agentId,
      detail: { code, message, remoteAddress },
    })
  }

  /** Somebody was not let in. */
  turned({ agentId, code, message, source }: Turned): void {
    this.record(`turned:${code}:${agentId ?? ''}:${source}`, {
      type: 'CONNECTION_REFUSED',
      severity: grave.has(code) ? 'HIGH' : agentId === null ? 'LOW' : 'MEDIUM',
      actor: agentId ?? 'unknown',
      subject: agentId ?? 'gateway',
      detail: { code, message, source },
    })
  }

  /** Each coming and going is a record of its own, until an agent flaps. */
  #key(act: string, agentId: string): string | null {
    return this.#comings.take(agentId) ? null : `${act}:${agentId}`
  }
}
