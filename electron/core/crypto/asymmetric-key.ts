import type { KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { KeyManagementError } from '../errors.ts'
import type { KeyKind } from './algorithms.ts'
import { pkcs8Of, type RawKind, rawEncodings } from './key-encoding.ts'
import { encodePem, pemText } from './pem.ts'
import type { KemPrivateKey, KemPublicKey, MlDsaPrivateKey, MlDsaPublicKey } from './providers.ts'

/** What does the work of a key: node:crypto's key object, or a provider of ML-KEM or ML-DSA. */
type PrivateWork =
  | { readonly kind: 'classic'; key: KeyObject | null }
  | { readonly kind: 'kem'; readonly key: KemPrivateKey; readonly seed: Buffer }
  | { readonly kind: 'ml-dsa'; readonly key: MlDsaPrivateKey; readonly seed: Buffer }

type PublicWork =
  | { readonly kind: 'classic'; readonly key: KeyObject }
  | { readonly kind: 'kem'; readonly key: KemPublicKey }
  | { readonly kind: 'ml-dsa'; readonly key: MlDsaPublicKey }

/** A public key that was checked when it was read. */
export class PublicKey {
  readonly kind: KeyKind
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer
  /** Bits of the modulus of an RSA key, else null. */
  readonly modulusBits: number | null
  readonly #work: PublicWork

  constructor(kind: KeyKind, spki: Buffer, work: PublicWork) {
    this.kind = kind
    this.spki = spki
    this.#work = work
    this.modulusBits =
      work.kind === 'classic' && kind === 'RSA' ? (work.key.asymmetricKeyDetails?.modulusLength ?? 0) : null
  }

  /** SubjectPublicKeyInfo as PEM. */
  get pem(): string {
    return pemText('PUBLIC KEY', this.spki)
  }

  /** A point in uncompressed form, or the raw key; null for RSA, which has no raw form. */
  get raw(): Buffer | null {
    return this.kind === 'RSA' ? null : this.spki.subarray(rawEncodings[this.kind].spkiPrefix.length)
  }

  /** The key object of a classic key, or null. */
  get keyObject(): KeyObject | null {
    return this.#work.kind === 'classic' ? this.#work.key : null
  }

  get kem(): KemPublicKey | null {
    return this.#work.kind === 'kem' ? this.#work.key : null
  }

  get mlDsa(): MlDsaPublicKey | null {
    return this.#work.kind === 'ml-dsa' ? this.#work.key : null
  }
}

/** A private key in memory. It names itself when printed or serialised, and shows nothing else. */
export class PrivateKey {
  readonly kind: KeyKind
  readonly publicKey: PublicKey
  readonly #work: PrivateWork
  #destroyed = false

  constructor(kind: KeyKind, publicKey: PublicKey, work: PrivateWork) {
    this.kind = kind
    this.publicKey = publicKey
    this.#work = work
  }

  get destroyed(): boolean {
    return this.#destroyed
  }

  /** The key object of a classic key, or null. @throws KeyManagementError `conflict` after `destroy` */
  get keyObject(): KeyObject | null {
    this.#requireAlive()
    return this.#work.kind === 'classic' ? this.#work.key : null
  }

  get kem(): KemPrivateKey | null {
    this.#requireAlive()
    return this.#work.kind === 'kem' ? this.#work.key : null
  }

  get mlDsa(): MlDsaPrivateKey | null {
    this.#requireAlive()
    return this.#work.kind === 'ml-dsa' ? this.#work.key : null
  }

  /**
   * PKCS#8, DER; ML-* keys as their seed. In a buffer that the caller fills with zeros.
   * @throws KeyManagementError `conflict` after `destroy`
   */
  exportPkcs8(): Buffer {
    this.#requireAlive()
    const work = this.#work
    if (work.kind !== 'classic') return pkcs8Of(this.kind as RawKind, work.seed)
    if (work.key === null) throw destroyed(this.kind)
    return work.key.export({ type: 'pkcs8', format: 'der' })
  }

  /** PKCS#8 as PEM, in a buffer that the caller fills with zeros. @throws KeyManagementError as `exportPkcs8` */
  exportPem(): Buffer {
    const der = this.exportPkcs8()
    try {
      return encodePem('PRIVATE KEY', der)
    } finally {
      der.fill(0)
    }
  }

  /** Overwrites a seed; a key object is dropped and cleansed by the library when it is collected. */
  destroy(): void {
    this.#destroyed = true
    const work = this.#work
    if (work.kind === 'classic') {
      work.key = null
    } else {
      work.key.zeroise()
      work.seed.fill(0)
    }
  }

  toString(): string {
    return `[PrivateKey ${this.kind}]`
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }

  #requireAlive(): void {
    if (this.#destroyed) throw destroyed(this.kind)
  }
}

const destroyed = (kind: KeyKind): KeyManagementError =>
  new KeyManagementError('conflict', `This ${kind} key was destroyed and cannot be used again.`)

/** RSA keys the engine works with, in bits of the modulus. */
export const leastRsaBits = 2048
export const mostRsaBits = 8192

/** The kind of a classic key object; null where the engine does not work with such keys. */
export function classicKind(key: KeyObject): KeyKind | null {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return curveKinds.get(key.asymmetricKeyDetails?.namedCurve ?? '') ?? null
    case 'ed25519':
      return 'Ed25519'
    case 'x25519':
      return 'X25519'
    case 'rsa': {
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
      return bits >= leastRsaBits && bits <= mostRsaBits ? 'RSA' : null
    }
    default:
      return null
  }
}

const curveKinds = new Map<string, KeyKind>([
  ['prime256v1', 'P-256'],
  ['P-256', 'P-256'],
  ['secp384r1', 'P-384'],
  ['P-384', 'P-384'],
])
