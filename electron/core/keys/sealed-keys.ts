import { type Clock, isoTime } from '../clock.ts'
import { KeyManagementError } from '../errors.ts'
import { TaskQueue } from '../task-queue.ts'
import type { Token, TokenKey } from '../hsm/token.ts'
import type { Database, Statement } from '../store/database.ts'

/** Label of the token's AES-256 key under which service keys are sealed. */
export const keyEncryptionKey = 'key-encryption-key'

/** A private key that only the token can open, ready to be stored in the caller's transaction. */
export interface SealedKey {
  readonly name: string
  readonly algorithm: string
  readonly sealed: Buffer
}

/**
 * Private keys that work while the console is locked: the gateway's TLS key and the console's identity. They are kept
 * sealed under a key of the token, opened at sign-in, and held in memory by the service that uses them.
 */
export class SealedKeys {
  readonly #clock: Clock
  readonly #queue = new TaskQueue()
  readonly #read: Statement<[name: string], { algorithm: string; sealed: Buffer }>
  readonly #write: Statement<[name: string, algorithm: string, sealed: Buffer, createdAt: string], never>

  constructor({ database, clock }: { readonly database: Database; readonly clock: Clock }) {
    this.#clock = clock
    this.#read = database.prepare('SELECT algorithm, sealed FROM sealed_key WHERE name = ?')
    this.#write = database.prepare(
      `INSERT INTO sealed_key (name, algorithm, sealed, created_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET
         algorithm = excluded.algorithm, sealed = excluded.sealed, created_at = excluded.created_at`,
    )
  }

  exists(name: string): boolean {
    return this.#read.get(name) !== undefined
  }

  /**
   * Seals a private key (PKCS#8, DER) and fills it with zeros. The token makes its key-encryption key on first use.
   * Nothing is stored yet: hand the result to `store` inside the transaction of the act the key belongs to.
   * @throws KeyManagementError `not_signed_in`
   */
  seal(name: string, algorithm: string, pkcs8: Buffer, token: Token): Promise<SealedKey> {
    return this.#queue
      .run(async () => {
        const key = (await findKey(token)) ?? (await token.generateKey('AES-256', keyEncryptionKey))
        return { name, algorithm, sealed: await token.wrap(key, pkcs8, context(name, algorithm)) }
      })
      .finally(() => pkcs8.fill(0))
  }

  /** Stores a sealed key, in the caller's transaction if there is one; one of the same name is replaced. */
  store({ name, algorithm, sealed }: SealedKey): void {
    this.#write.run(name, algorithm, sealed, isoTime(this.#clock.now()))
  }

  /**
   * The private key (PKCS#8, DER), which the caller fills with zeros.
   * @throws KeyManagementError `not_found`, `not_signed_in`, `token_error` where another token sealed it or it was altered.
   */
  open(name: string, token: Token): Promise<Buffer> {
    return this.#queue.run(async () => {
      const row = this.#read.get(name)
      if (!row) throw new KeyManagementError('not_found', `There is no stored key "${name}".`)
      const key = await findKey(token)
      if (!key) throw otherToken()
      return token.unwrap(key, row.sealed, context(name, row.algorithm))
    })
  }
}

const findKey = async (token: Token): Promise<TokenKey | undefined> =>
  (await token.find({ label: keyEncryptionKey }))[0]

/** Bound to the sealed bytes, so that one stored key cannot be put in the place of another. */
const context = (name: string, algorithm: string): Buffer =>
  Buffer.from(JSON.stringify(['groundlock-sealed-key', name, algorithm]))

const otherToken = (): KeyManagementError =>
  new KeyManagementError(
    'token_error',
    'This token did not seal the keys of this data folder. Use the token it was set up with, or restore both from the same backup.',
  )
