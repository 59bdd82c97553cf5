import type { AuditType } from '#shared/model/audit.ts'
import type { ConsolePhase } from '#shared/model/console.ts'
import type { Role, Severity } from '#shared/model/primitives.ts'
import type { AuditDetail, AuditLog } from '../audit/log.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import { KeyManagementError, PinError, SecurityException } from '../errors.ts'
import type { NewVault } from '../hsm/pinned-vault.ts'
import { TaskQueue } from '../task-queue.ts'
import type { Token, TokenInfo } from '../hsm/token.ts'
import { IdleWatch } from './idle-watch.ts'
import { Lockout } from './lockout.ts'
import type { TokenSource } from './token-source.ts'

export interface Operator {
  readonly name: string
  readonly role: Role
}

export type LockReason = 'idle' | 'operator' | 'token removed'

/**
 * Who is at the console. One operator is signed in at a time, with the PIN of the token; lock and sign-out take the
 * token's powers away at once, the services that keep running hold no key of it. Every step is audited.
 */
export class AccessControl {
  readonly #tokens: TokenSource
  readonly #audit: AuditLog
  readonly #idle: IdleWatch
  readonly #lockout: Lockout
  readonly #queue = new TaskQueue()
  readonly #events = new Emitter<{ changed: ConsolePhase }>()
  #token: Token | null = null
  #state: 'signed_out' | 'locked' | 'signed_in' = 'signed_out'

  /**
   * `idleLockSeconds` without a `touch` lock the console (0: never); after three wrong PINs in a row each further try
   * waits `lockoutSeconds` (0: never). `onError` hears what went wrong when the console locked by itself.
   */
  constructor(options: {
    readonly tokens: TokenSource
    readonly audit: AuditLog
    readonly clock: Clock
    readonly idleLockSeconds: number
    readonly lockoutSeconds: number
    readonly onError?: (error: unknown) => void
  }) {
    this.#tokens = options.tokens
    this.#audit = options.audit
    this.#lockout = new Lockout(options.clock, options.lockoutSeconds)
    const onError = options.onError ?? (() => undefined)
    this.#idle = new IdleWatch(options.clock, options.idleLockSeconds * 1000, () => {
      this.lock('idle').catch(onError)
    })
  }

  /**
   * Looks at the token, so that `tokenInfo` is known before the first sign-in. A damaged one does not keep the console
   * from starting; `signIn` says what is wrong with it.
   * @returns what is wrong with the token, null where nothing is.
   */
  async start(): Promise<SecurityException | null> {
    try {
      if (this.#tokens.exists()) this.#recordUnrecorded(await this.#openToken())
      return null
    } catch (error) {
      if (error instanceof SecurityException) return error
      throw error
    }
  }

  /** A vault is on the disk before its record: a crash in between leaves a token that the log does not know. */
  #recordUnrecorded(token: Token): void {
    const { label, serial, protection } = token.info()
    const filter = { types: ['TOKEN_CREATED' as const], text: serial }
    if (this.#audit.list({ limit: 1, filter }).total > 0) return
    this.#record('TOKEN_CREATED', 'INFO', 'console', { serial, protection, label, found: 'at the start' })
  }

  get phase(): ConsolePhase {
    return this.#token === null && !this.#tokens.exists() ? 'no_token' : this.#state
  }

  /** Who is signed in; null while the console is locked or nobody is. */
  get operator(): Operator | null {
    if (this.#state !== 'signed_in' || !this.#token) return null
    return { name: this.#token.info().operator, role: 'security_officer' }
  }

  /** The token, logged in; null while the console is locked or nobody is signed in. */
  get token(): Token | null {
    return this.#state === 'signed_in' ? this.#token : null
  }

  /** What the token says of itself, also while nobody is signed in; null where there is none that can be read. */
  get tokenInfo(): TokenInfo | null {
    return this.#token?.info() ?? null
  }

  /** Calls `listener` with the phase after each change; the returned function takes it back. */
  onChange(listener: (phase: ConsolePhase) => void): () => void {
    return this.#events.on('changed', listener)
  }

  /**
   * Makes the operator's token and signs in. Erases both PINs.
   * @throws KeyManagementError `token_exists`, PinError `pin_unsuitable`, storage errors.
   */
  createToken(about: NewVault): Promise<void> {
    const pin = Buffer.from(about.pin)
    return this.#withSecrets([pin, about.pin, about.soPin], async () => {
      const token = await this.#tokens.create(about)
      this.#token = token
      const { label, serial, protection, operator } = token.info()
      this.#record('TOKEN_CREATED', 'INFO', operator, { serial, protection, label })
      await this.#logIn(token, pin)
    })
  }

  /**
   * Signs in, or unlocks. Erases the PIN.
   * @throws PinError `pin_incorrect` with the tries left, `pin_locked`; SecurityException `rate_limited` (not tried);
   * KeyManagementError `token_missing`, `token_damaged`.
   */
  signIn(pin: Buffer): Promise<void> {
    return this.#withSecrets([pin], async () => {
      const token = await this.#openToken()
      await this.#counted(token, 'sign-in', () => this.#logIn(token, pin))
    })
  }

  /** Ends the operator's session; the gateway and the agents' sessions go on. */
  signOut(): Promise<void> {
    return this.#leave('signed_out', 'SIGNED_OUT', {})
  }

  /** Asks for the PIN again before anything else is done. No effect where nobody is signed in. */
  lock(reason: LockReason): Promise<void> {
    return this.#state === 'signed_in' ? this.#leave('locked', 'LOCKED', { reason }) : Promise.resolve()
  }

  /** The operator is at the keyboard: puts the idle lock off. */
  touch(): void {
    this.#idle.touch()
  }

  /** Changes the PIN and erases both. @throws as `signIn`, PinError `pin_unsuitable`, SecurityException `not_signed_in`. */
  changePin(pin: Buffer, newPin: Buffer): Promise<void> {
    return this.#withSecrets([pin, newPin], async () => {
      const token = this.token
      if (!token) throw new SecurityException('not_signed_in', 'Sign in first.')
      await this.#counted(token, 'change of PIN', () => token.changePin(pin, newPin))
      this.#record('PIN_CHANGED', 'MEDIUM', token.info().operator, { with: 'PIN' })
    })
  }

  /**
   * Sets a new PIN with the SO-PIN, lifts the token's lock and erases both. Nobody is signed in by it.
   * @throws PinError about the SO-PIN as `signIn` about the PIN, `pin_unsuitable`.
   */
  unblock(soPin: Buffer, newPin: Buffer): Promise<void> {
    return this.#withSecrets([soPin, newPin], async () => {
      const token = await this.#openToken()
      await this.#counted(token, 'unblocking', () => token.unblock(soPin, newPin))
      this.#record('PIN_CHANGED', 'HIGH', token.info().operator, { with: 'SO-PIN' })
      this.#changed()
    })
  }

  /** Signs out when the console stops. */
  stop(): Promise<void> {
    return this.#leave('signed_out', 'SIGNED_OUT', { reason: 'console stopped' })
  }

  async #openToken(): Promise<Token> {
    if (this.#token) return this.#token
    if (!this.#tokens.exists())
      throw new KeyManagementError('token_missing', 'There is no token yet. Create one first.')
    this.#token = await this.#tokens.open()
    return this.#token
  }

  async #logIn(token: Token, pin: Buffer): Promise<void> {
    await token.login(pin)
    const afterLock = this.#state === 'locked'
    try {
      this.#record('SIGNED_IN', 'INFO', token.info().operator, afterLock ? { afterLock } : {})
    } catch (error) {
      // An act that cannot be recorded is not carried out.
      await token.logout()
      throw error
    }
    this.#state = 'signed_in'
    this.#idle.start()
    this.#changed()
  }

  /** Runs what tries a PIN: not during a lockout, and a wrong one is counted and audited. */
  async #counted(token: Token, what: string, attempt: () => Promise<void>): Promise<void> {
    this.#lockout.requireOver()
    try {
      await attempt()
      this.#lockout.succeeded()
    } catch (error) {
      if (error instanceof PinError && error.code !== 'pin_unsuitable') {
        this.#lockout.failed()
        const severity = error.code === 'pin_locked' ? 'CRITICAL' : 'HIGH'
        const detail = { attempt: what, reason: error.code, triesLeft: error.triesLeft }
        this.#changed()
        this.#record('AUTHENTICATION_FAILURE', severity, 'console', detail, token.info().operator)
      }
      throw error
    }
  }

  /** Powers end first and whatever else happens; then it is recorded and the token forgets its keys. */
  async #leave(state: 'signed_out' | 'locked', type: AuditType, detail: AuditDetail): Promise<void> {
    const token = this.#token
    if (!token || this.#state === state) return
    this.#state = state
    this.#idle.stop()
    this.#changed()
    try {
      this.#record(type, 'INFO', token.info().operator, detail)
    } finally {
      await token.logout()
    }
  }

  #record(
    type: AuditType,
    severity: Severity,
    actor: string,
    detail: AuditDetail,
    subject = 'console',
  ): void {
    this.#audit.append({ type, severity, actor, subject, detail })
  }

  #changed(): void {
    this.#events.emit('changed', this.phase)
  }

  #withSecrets(secrets: readonly Buffer[], task: () => Promise<void>): Promise<void> {
    return this.#queue.run(task).finally(() => {
      for (const secret of secrets) secret.fill(0)
    })
  }
}
