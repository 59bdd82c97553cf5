import { systemClock } from '#core/clock.ts'
import { SecurityException } from '#core/errors.ts'
import { Gateway, type GatewayOptions } from '#core/link/gateway.ts'
import type { ListenAddress } from '#core/link/listener.ts'
import type {
  EnrolmentCounter,
  EnrolmentDecision,
  GatewayAuditEntry,
  Turned,
} from '#core/link/surroundings.ts'
import type { FleetTls } from './fleet-tls.ts'

/** An enrolment desk with a list, so that the gateway's side can be tested by itself. */
export class DeskStandIn implements EnrolmentCounter {
  readonly submitted: { csr: string; source: string }[] = []
  readonly #decisions = new Map<string, EnrolmentDecision>()
  readonly #waiting = new Set<() => void>()
  /** Thrown by the next submit. */
  refuseWith: Error | null = null

  submit(csr: string, source: string): Promise<{ id: string; fingerprint: string; state: string }> {
    if (this.refuseWith) return Promise.reject(this.refuseWith)
    this.submitted.push({ csr, source })
    const id = this.submitted.length.toString(16).padStart(32, '0')
    this.#decisions.set(id, { state: 'pending', reason: null, certificate: null, chain: [] })
    return Promise.resolve({ id, fingerprint: 'ab'.repeat(32), state: 'pending' })
  }

  status(id: string): EnrolmentDecision {
    const decision = this.#decisions.get(id)
    if (!decision) throw new SecurityException('not_found', 'There is no such enrolment request.')
    return decision
  }

  async waitForDecision(id: string, milliseconds: number): Promise<EnrolmentDecision> {
    if (this.status(id).state === 'pending') {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
        systemClock.after(milliseconds, resolve)
      })
    }
    return this.status(id)
  }

  get waiting(): number {
    return this.#waiting.size
  }

  decide(id: string, decision: EnrolmentDecision): void {
    this.#decisions.set(id, decision)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

export interface RunningGateway {
  readonly gateway: Gateway
  readonly address: ListenAddress
  readonly desk: DeskStandIn
  readonly audited: { key: string | null; entry: GatewayAuditEntry }[]
  readonly turned: Turned[]
  readonly faults: unknown[]
}

/** A gateway of `fleet` on a free port of loopback. */
export async function runGateway(
  fleet: FleetTls,
  options: Partial<GatewayOptions> = {},
): Promise<RunningGateway> {
  const desk = new DeskStandIn()
  const audited: RunningGateway['audited'] = []
  const turned: Turned[] = []
  const faults: unknown[] = []
  const gateway = new Gateway({
    clock: systemClock,
    directory: fleet.directory,
    enrolment: desk,
    audit: (key, entry) => audited.push({ key, entry }),
    onError: (error) => faults.push(error),
    ...options,
  })
  gateway.onRefused((refused) => turned.push(refused))
  const { key, certificate } = await fleet.gateway()
  const address = await gateway.start({ host: '127.0.0.1', port: 0, key, certificate })
  return { gateway, address, desk, audited, turned, faults }
}
