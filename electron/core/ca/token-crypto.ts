import { type WebCrypto, type WebCryptoKey, webCrypto } from '../crypto/webcrypto.ts'
import type { SignMechanism, Token, TokenKey } from '../hsm/token.ts'
import { KeyManagementError } from '../errors.ts'

/** How a kind of CA key is called in WebCrypto, and how the token signs with it. */
const kinds = {
  'ECDSA-P384': {
    algorithm: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
    mechanism: 'ECDSA-SHA384',
  },
  'RSA-4096': { algorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' }, mechanism: 'RSA-PKCS1-SHA384' },
} as const satisfies Record<string, { algorithm: object; mechanism: SignMechanism }>

/** What a certificate generator needs to sign with a key that it never sees. */
export interface TokenSigner {
  readonly crypto: WebCrypto
  readonly signingKey: WebCryptoKey
  readonly signingAlgorithm: { readonly name: string; readonly hash: string }
}

/**
 * A WebCrypto in which `sign` with this one key is done by the token, and everything else by the platform. The key
 * object is a name without content: it is not extractable and has no bytes that could be.
 * @throws KeyManagementError `token_error` when the key cannot sign certificates.
 */
export function tokenSigner(token: Token, key: TokenKey): TokenSigner {
  if (key.algorithm === 'AES-256') {
    throw new KeyManagementError('token_error', 'A secret key cannot sign certificates.')
  }
  const { algorithm, mechanism } = kinds[key.algorithm]
  const handle: WebCryptoKey = Object.freeze({
    type: 'private' as const,
    extractable: false,
    usages: ['sign' as const],
    algorithm: { ...algorithm, hash: { name: algorithm.hash } },
  })
  const platform = webCrypto.subtle
  const sign: typeof platform.sign = async (requested, signingKey, data) => {
    if (signingKey !== handle) return platform.sign(requested, signingKey, data)
    const bytes = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data)
    // A copy in an ArrayBuffer of its own, the form WebCrypto promises.
    return new Uint8Array(await token.sign(key, mechanism, bytes)).buffer
  }
  const subtle = new Proxy(platform, {
    get(target, name) {
      if (name === 'sign') return sign
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const crypto = new Proxy(webCrypto, {
    get(target, name) {
      if (name === 'subtle') return subtle
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { crypto, signingKey: handle, signingAlgorithm: { name: algorithm.name, hash: algorithm.hash } }
}
