import { createPrivateKey, createPublicKey, KeyObject } from 'node:crypto'
import { KeyManagementError } from '../errors.ts'
import type { KeyKind } from './algorithms.ts'
import { classicKind, PrivateKey, PublicKey } from './asymmetric-key.ts'
import { requireCurveKey } from './curve-key.ts'
import { badInput, describeGiven, requireBytes, requireName } from './input.ts'
import {
  isCurve,
  isKem,
  isMlDsa,
  pkcs8Of,
  type RawKind,
  rawEncodings,
  readRawSpki,
  spkiOf,
} from './key-encoding.ts'
import { decodePem } from './pem.ts'
import type { Providers } from './providers.ts'
import { platformProviders } from './registry.ts'
import { hasRsaNumbers } from './rsa-numbers.ts'
import { readSeedPkcs8 } from './seed-pkcs8.ts'

/** A private key in any form the engine reads: PKCS#8 as PEM or DER, a key object, or one read before. */
export type PrivateKeyInput = string | Uint8Array | KeyObject | PrivateKey
/** A public key: SubjectPublicKeyInfo as PEM or DER, a key object, or one read before. */
export type PublicKeyInput = string | Uint8Array | KeyObject | PublicKey

/** No key in a file is larger; RSA-8192 as PEM is a tenth of it. */
const maxKeyBytes = 65_536

const rawKinds = Object.keys(rawEncodings) as RawKind[]

/**
 * Reads a private key. ML-* keys are read from their seed; one that holds only the expanded key is refused.
 * @throws KeyManagementError `invalid_input` where it is no private key of a kind the engine works with
 */
export function readPrivateKey(
  input: PrivateKeyInput,
  providers: Providers = platformProviders(),
): PrivateKey {
  if (input instanceof PrivateKey) return input
  if (input instanceof KeyObject) {
    if (input.type !== 'private') throw badInput(KeyManagementError, 'privateKey', privateForms, input)
    const kind = classicKind(input)
    if (kind !== null && !isCurve(kind)) return classicPrivate(input, kind)
    return takePkcs8(input.export({ type: 'pkcs8', format: 'der' }), providers)
  }
  return takePkcs8(derOf(input, 'PRIVATE KEY', 'privateKey', privateForms), providers)
}

const privateForms =
  'a private key of RSA (2048 to 8192 bits), P-256, P-384, Ed25519, X25519, ML-KEM or ML-DSA as PKCS#8 (PEM or DER) or as a key object'

/** Reads PKCS#8 (DER) and fills it with zeros. @throws KeyManagementError as `readPrivateKey` */
export function takePkcs8(der: Buffer, providers: Providers = platformProviders()): PrivateKey {
  try {
    const seed = readSeedPkcs8(der)
    if (seed !== null) return seedPrivate(seed.kind, seed.seed, providers)
    return readClassicPkcs8(der)
  } finally {
    der.fill(0)
  }
}

function readClassicPkcs8(der: Buffer): PrivateKey {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    throw new KeyManagementError('invalid_input', `privateKey must be ${privateForms}; it cannot be read.`)
  }
  const kind = classicKind(key)
  if (kind === null) throw unsupported('privateKey', privateForms, key)
  if (isCurve(kind)) requireCurveKey(kind, der, key)
  return classicPrivate(key, kind)
}

/**
 * Reads a public key. Only the one canonical encoding is taken (named curve, uncompressed point), and the key is
 * checked: a point is on its curve, an ML-KEM key passes the modulus check of FIPS 203 section 7.2.
 * @throws KeyManagementError `invalid_input` where it is no public key of a kind the engine works with
 */
export function readPublicKey(input: PublicKeyInput, providers: Providers = platformProviders()): PublicKey {
  if (input instanceof PublicKey) return input
  if (input instanceof KeyObject) {
    if (input.type !== 'public') throw badInput(KeyManagementError, 'publicKey', publicForms, input)
    return readSpki(input.export({ type: 'spki', format: 'der' }), providers)
  }
  return readSpki(derOf(input, 'PUBLIC KEY', 'publicKey', publicForms), providers)
}

const publicForms =
  'a public key of RSA (2048 to 8192 bits), P-256, P-384, Ed25519, X25519, ML-KEM or ML-DSA as SubjectPublicKeyInfo (PEM or DER) or as a key object'

function readSpki(spki: Buffer, providers: Providers): PublicKey {
  const raw = readRawSpki(spki)
  if (raw !== null) return rawPublic(raw.kind, raw.raw, providers)
  const key = importSpki(spki)
  if (key === null) {
    throw new KeyManagementError('invalid_input', `publicKey must be ${publicForms}; it cannot be read.`)
  }
  const canonical =
    key.asymmetricKeyType === 'rsa' && key.export({ type: 'spki', format: 'der' }).equals(spki)
  if (classicKind(key) !== 'RSA' || !canonical) throw unsupported('publicKey', publicForms, key)
  if (!hasRsaNumbers(key)) throw notRsaNumbers('publicKey')
  return new PublicKey('RSA', Buffer.from(spki), { kind: 'classic', key })
}

/**
 * Reads a raw public key: an uncompressed point (P-256: 65 bytes, P-384: 97), or the bytes of the key.
 * @throws KeyManagementError `invalid_input` as `readPublicKey`
 */
export function importRawPublicKey(
  kind: RawKind,
  bytes: Uint8Array,
  providers: Providers = platformProviders(),
): PublicKey {
  requireName(KeyManagementError, 'kind', kind, rawKinds)
  const { publicBytes } = rawEncodings[kind]
  requireBytes(KeyManagementError, `bytes (${kind} public key)`, bytes, {
    min: publicBytes,
    max: publicBytes,
  })
  return rawPublic(kind, bytes, providers)
}

function rawPublic(kind: RawKind, bytes: Uint8Array, providers: Providers): PublicKey {
  const spki = spkiOf(kind, bytes)
  const raw = spki.subarray(rawEncodings[kind].spkiPrefix.length)
  if (isKem(kind)) {
    const key = providers.kem[kind].publicKey(raw)
    if (key === null) throw notAKey(kind)
    return new PublicKey(kind, spki, { kind: 'kem', key })
  }
  if (isMlDsa(kind)) {
    return new PublicKey(kind, spki, { kind: 'ml-dsa', key: providers.mlDsa[kind].publicKey(raw) })
  }
  const key = isCurve(kind) && raw[0] !== 4 ? null : importSpki(spki)
  if (key === null) throw notAKey(kind)
  return new PublicKey(kind, spki, { kind: 'classic', key })
}

const notAKey = (kind: KeyKind): KeyManagementError =>
  new KeyManagementError(
    'invalid_input',
    isCurve(kind)
      ? `publicKey must be a point of ${kind} in uncompressed form; given was none.`
      : `publicKey must be an ${kind} public key; the bytes given are none.`,
  )

/**
 * Reads a raw private key: the scalar of a curve (P-256: 32 bytes, P-384: 48), the seed of Ed25519, X25519 (32),
 * ML-KEM (d || z, 64) or ML-DSA (32). The caller keeps `bytes`.
 * @throws KeyManagementError `invalid_input` as `readPrivateKey`
 */
export function importRawPrivateKey(
  kind: RawKind,
  bytes: Uint8Array,
  providers: Providers = platformProviders(),
): PrivateKey {
  requireName(KeyManagementError, 'kind', kind, rawKinds)
  const { privateBytes } = rawEncodings[kind]
  requireBytes(KeyManagementError, `bytes (${kind} private key)`, bytes, {
    min: privateBytes,
    max: privateBytes,
  })
  if (isKem(kind) || isMlDsa(kind)) return seedPrivate(kind, bytes, providers)
  const der = pkcs8Of(kind, bytes)
  try {
    return readClassicPkcs8(der)
  } finally {
    der.fill(0)
  }
}

function seedPrivate(kind: RawKind, bytes: Uint8Array, providers: Providers): PrivateKey {
  const seed = Buffer.allocUnsafeSlow(bytes.byteLength)
  seed.set(bytes)
  if (isKem(kind)) {
    const key = providers.kem[kind].privateKey(seed)
    return new PrivateKey(kind, rawPublic(kind, key.publicKey, providers), { kind: 'kem', key, seed })
  }
  if (!isMlDsa(kind)) throw new TypeError('not a kind whose private key is a seed')
  const key = providers.mlDsa[kind].privateKey(seed)
  return new PrivateKey(kind, rawPublic(kind, key.publicKey, providers), { kind: 'ml-dsa', key, seed })
}

function classicPrivate(key: KeyObject, kind: KeyKind): PrivateKey {
  const publicKey = createPublicKey(key)
  if (kind === 'RSA' && !hasRsaNumbers(publicKey)) throw notRsaNumbers('privateKey')
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  return new PrivateKey(kind, new PublicKey(kind, spki, { kind: 'classic', key: publicKey }), {
    kind: 'classic',
    key,
  })
}

function importSpki(spki: Buffer): KeyObject | null {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch {
    return null
  }
}

/** A copy of the DER inside PEM or DER. */
function derOf(input: unknown, label: string, parameter: string, allowed: string): Buffer {
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw badInput(KeyManagementError, parameter, allowed, input)
  }
  if (input.length === 0 || input.length > maxKeyBytes) {
    throw badInput(KeyManagementError, parameter, allowed, input)
  }
  if (typeof input !== 'string' && input[0] === 0x30) return Buffer.from(input)
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('latin1')
  if (/^\s*-----BEGIN ENCRYPTED PRIVATE KEY-----/.test(text)) {
    throw new KeyManagementError(
      'invalid_input',
      `${parameter} is encrypted; open it with its passphrase first (readEncryptedPrivateKey).`,
    )
  }
  const der = decodePem(label, text)
  if (der === null) throw badInput(KeyManagementError, parameter, allowed, input)
  return der
}

const notRsaNumbers = (parameter: string): KeyManagementError =>
  new KeyManagementError(
    'invalid_input',
    `${parameter} must be an RSA key with an odd modulus and an odd exponent of 3 or more; given was another.`,
  )

const unsupported = (parameter: string, allowed: string, key: KeyObject): KeyManagementError =>
  new KeyManagementError(
    'invalid_input',
    `${parameter} must be ${allowed}; given was a key of ${key.asymmetricKeyType ?? describeGiven(key)}${
      key.asymmetricKeyDetails?.modulusLength === undefined
        ? ''
        : ` (${key.asymmetricKeyDetails.modulusLength} bits)`
    }.`,
  )
