import type { GatewayView } from '#shared/model/console.ts'
import type { AuditLog } from '../audit/log.ts'
import type { Clock } from '../clock.ts'
import { encodePem } from '../crypto/pem.ts'
import { SecurityException } from '../errors.ts'
import { TaskQueue } from '../task-queue.ts'
import type { Token } from '../hsm/token.ts'
import type { Gateway } from '../link/gateway.ts'
import type { ListenAddress } from '../link/listener.ts'
import type { ServiceKey, ServiceKeys } from './service-keys.ts'

/** How often a gateway that could not open its port tries again, in milliseconds. */
const retryMilliseconds = 10_000

interface GatewayServiceOptions {
  readonly gateway: Gateway
  readonly keys: ServiceKeys
  readonly audit: AuditLog
  readonly clock: Clock
  readonly host: string
  readonly port: number
  /** Makes the console an agent, once, with its identity. */
  readonly enlist: (identity: ServiceKey) => void
  readonly changed: () => void
  readonly onError: (error: unknown) => void
}

/**
 * Opens the gateway at the first sign-in after a start, because its keys are sealed under a key of the token; from then
 * on it serves whether somebody is signed in or not. A port in use is said, and tried again.
 */
export class GatewayService {
  readonly #options: GatewayServiceOptions
  readonly #queue = new TaskQueue()
  #enlisted = false
  #problem: string | null = null
  #cancelRetry: () => void = () => undefined

  constructor(options: GatewayServiceOptions) {
    this.#options = options
  }

  view(): GatewayView {
    const { gateway, host, port } = this.#options
    const address = gateway.address
    return {
      state: address !== null ? 'listening' : this.#problem !== null ? 'failed' : 'stopped',
      host: address?.host ?? host,
      port: address?.port ?? port,
      connectedAgents: gateway.connections().length,
      problem: this.#problem,
    }
  }

  /** Opens the gateway where it is not open. A failure is in `view` and in the audit log; it does not undo the sign-in. */
  open(token: Token, actor: string): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#options.gateway.address !== null) return
      this.#cancelRetry()
      try {
        await this.#prepare(token, actor)
      } catch (error) {
        this.#fail(error)
      }
      this.#options.changed()
    })
  }

  async #prepare(token: Token, actor: string): Promise<void> {
    const { keys, host } = this.#options
    if (!this.#enlisted) {
      this.#options.enlist(await keys.identity(token, actor))
      this.#enlisted = true
    }
    const { pkcs8, certificate } = await keys.gateway(host, token, actor)
    const pem = encodePem('PRIVATE KEY', pkcs8)
    pkcs8.fill(0)
    await this.#listen(pem, certificate.pem)
  }

  async stop(): Promise<void> {
    this.#cancelRetry()
    await this.#options.gateway.stop()
  }

  /** The key is kept only while the port is tried again, because by then the token may be logged out. */
  async #listen(key: Buffer, certificate: string): Promise<void> {
    const { gateway, host, port } = this.#options
    let address: ListenAddress
    try {
      address = await gateway.start({ host, port, key, certificate })
    } catch (error) {
      this.#retryLater(key, certificate)
      throw error
    }
    key.fill(0)
    await this.#recordStart(address)
    this.#problem = null
  }

  /** A gateway whose start cannot be recorded does not serve. */
  async #recordStart({ host, port }: ListenAddress): Promise<void> {
    try {
      this.#options.audit.append({
        type: 'GATEWAY_STARTED',
        severity: 'INFO',
        actor: 'console',
        subject: 'gateway',
        detail: { host, port },
      })
    } catch (error) {
      await this.#options.gateway.stop()
      throw error
    }
  }

  #retryLater(key: Buffer, certificate: string): void {
    const cancel = this.#options.clock.after(retryMilliseconds, () => {
      this.#cancelRetry = () => undefined
      void this.#queue.run(async () => {
        await this.#listen(key, certificate).catch((error: unknown) => this.#fail(error))
        this.#options.changed()
      })
    })
    this.#cancelRetry = () => {
      cancel()
      key.fill(0)
      this.#cancelRetry = () => undefined
    }
  }

  /** Each new problem is recorded once, however often it is tried again. */
  #fail(error: unknown): void {
    const known = error instanceof SecurityException ? error : null
    const problem = known?.message ?? 'The gateway could not be opened. The log has the details.'
    if (known === null) this.#options.onError(error)
    if (this.#problem === problem) return
    this.#problem = problem
    try {
      this.#options.audit.append({
        type: 'GATEWAY_FAILED',
        severity: 'HIGH',
        actor: 'console',
        subject: 'gateway',
        detail: { code: known?.code ?? 'internal', note: problem },
      })
    } catch (unrecorded) {
      // A disk that is full is a problem of its own; this one is on the screen.
      this.#options.onError(unrecorded)
    }
  }
}
