import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { SignMechanism, Token, TokenInfo, TokenKey, TokenKeyAlgorithm } from '#core/hsm/token.ts'

/**
 * A token without PIN, file or Argon2id, for tests of what uses a token. A test may say how its keys are kept and make
 * it sign wrongly.
 */
export class MemoryToken implements Token {
  attributes: TokenKey['attributes'] = {
    sensitive: true,
    extractable: false,
    neverExtractable: true,
    local: true,
  }
  /** Fails the next signatures, as a token that was pulled out would. */
  signError: Error | null = null
  /** Answers with signatures of another key. */
  signsWrongly = false
  readonly #keys = new Map<string, { key: TokenKey; privateKey: KeyObject }>()

  get keyCount(): number {
    return this.#keys.size
  }

  info(): TokenInfo {
    return {
      label: 'test',
      serial: '0123456789abcdef',
      model: 'Test token',
      protection: 'software',
      operator: 'Tester',
      loggedIn: true,
      triesLeft: 10,
      pinLocked: false,
    }
  }

  generateKey(algorithm: TokenKeyAlgorithm, label: string): Promise<TokenKey> {
    if (algorithm === 'AES-256') throw new Error('the test token makes no secret keys')
    const { privateKey } = makePair(algorithm)
    const key = { id: randomBytes(16).toString('hex'), label, algorithm, attributes: this.attributes }
    this.#keys.set(key.id, { key, privateKey })
    return Promise.resolve(key)
  }

  find(query: { readonly id?: string; readonly label?: string }): Promise<TokenKey[]> {
    const all = [...this.#keys.values()].map(({ key }) => ({ ...key, attributes: this.attributes }))
    return Promise.resolve(
      all.filter(
        (key) =>
          (query.id === undefined || key.id === query.id) &&
          (query.label === undefined || key.label === query.label),
      ),
    )
  }

  publicKey(key: TokenKey): Promise<Buffer> {
    return Promise.resolve(createPublicKey(this.#private(key)).export({ type: 'spki', format: 'der' }))
  }

  async sign(key: TokenKey, mechanism: SignMechanism, message: Uint8Array): Promise<Buffer> {
    // A turn of the event loop, as every real token takes at least one.
    await new Promise((resolve) => setImmediate(resolve))
    if (this.signError !== null) throw this.signError
    const signingKey =
      this.signsWrongly && key.algorithm !== 'AES-256'
        ? makePair(key.algorithm).privateKey
        : this.#private(key)
    return mechanism === 'ECDSA-SHA384'
      ? sign('sha384', message, { key: signingKey, dsaEncoding: 'ieee-p1363' })
      : sign('sha384', message, signingKey)
  }

  destroy(key: TokenKey): Promise<void> {
    this.#keys.delete(key.id)
    return Promise.resolve()
  }

  login = unused
  logout = unused
  changePin = unused
  unblock = unused
  wrap = unused
  unwrap = unused
  random = unused

  #private(key: TokenKey): KeyObject {
    const held = this.#keys.get(key.id)
    if (held === undefined) throw new Error('no such key in the test token')
    return held.privateKey
  }
}

const makePair = (algorithm: 'ECDSA-P384' | 'RSA-4096'): { privateKey: KeyObject } =>
  algorithm === 'ECDSA-P384'
    ? generateKeyPairSync('ec', { namedCurve: 'P-384' })
    : generateKeyPairSync('rsa', { modulusLength: 4096 })

const unused = (): never => {
  throw new Error('the test token does not do this')
}
