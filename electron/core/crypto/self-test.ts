import { EncryptionError } from '../errors.ts'
import { agreeEcdh, agreeX25519 } from './agreement.ts'
import type {
  AeadAlgorithm,
  Curve,
  HashName,
  KemAlgorithm,
  MacAlgorithm,
  MlDsaAlgorithm,
  SignatureAlgorithm,
} from './algorithms.ts'
import { openAead, sealAead } from './authenticated-encryption.ts'
import { sha256 } from './digest.ts'
import { hkdf, pbkdf2Now } from './kdf.ts'
import { decapsulate, encapsulate } from './kem.ts'
import { importRawPrivateKey, importRawPublicKey, readPrivateKey } from './key-import.ts'
import { unwrapKeyBytes, wrapKeyBytes } from './key-wrap.ts'
import { computeMac, macKey, verifyMac } from './mac.ts'
import { checkSignature, createSignature, type SignatureOptions } from './message-signature.ts'
import type { ProviderName, Providers } from './providers.ts'
import { platformRandom } from './random.ts'
import { platformProviders } from './registry.ts'
import { decryptOaep, encryptOaep } from './rsa-oaep.ts'
import { SecretKey } from './secret-key.ts'
import * as answers from './self-test-answers.ts'

/** What came of one algorithm. */
export interface SelfTestCheck {
  readonly algorithm: string
  readonly provider: ProviderName
  readonly passed: boolean
}

export interface SelfTestResult {
  readonly passed: boolean
  readonly checks: readonly SelfTestCheck[]
}

interface Check {
  readonly algorithm: string
  readonly provider: ProviderName
  /** True if the algorithm gave the known answers and refused what was altered. */
  readonly run: () => boolean
}

/**
 * Runs every algorithm of the engine, by its own public functions, against known answers: made, taken, and refused
 * where one bit was altered. About a tenth of a second; several where the packages do everything.
 */
export function runSelfTest(providers: Providers = platformProviders()): SelfTestResult {
  const checks = checksOf(providers).map(({ algorithm, provider, run }) => ({
    algorithm,
    provider,
    passed: attempt(run),
  }))
  return { passed: checks.every(({ passed }) => passed), checks }
}

/**
 * Fails closed: nothing of the engine may be used where an algorithm does not give its known answers.
 * @throws EncryptionError `encryption_failed` naming the algorithms
 */
export function requireSelfTest(result: SelfTestResult): void {
  if (result.passed) return
  const failed = result.checks.filter(({ passed }) => !passed)
  const names = failed.map(({ algorithm, provider }) => `${algorithm} (${provider})`).join(', ')
  throw new EncryptionError(
    'encryption_failed',
    `The self-test of the cryptographic engine failed: ${names || 'nothing was tested'}. This installation must not be used; install it again, on another machine if it fails there too.`,
  )
}

function attempt(run: () => boolean): boolean {
  try {
    return run()
  } catch {
    return false
  }
}

function checksOf(providers: Providers): readonly Check[] {
  const aead = (algorithm: AeadAlgorithm, answer: typeof answers.aesGcm | typeof answers.chaCha): Check => ({
    algorithm,
    provider: providers.aead[algorithm].name,
    run: () => aeadFits(algorithm, answer, providers),
  })
  const kem = (algorithm: KemAlgorithm, publicKey: string, ciphertext: string, secret: string): Check => ({
    algorithm,
    provider: providers.kem[algorithm].name,
    run: () => kemFits(algorithm, { publicKey, ciphertext, secret }, providers),
  })
  const mlDsa = (algorithm: MlDsaAlgorithm, publicKey: string, signature: string): Check => ({
    algorithm,
    provider: providers.mlDsa[algorithm].name,
    run: () => mlDsaFits(algorithm, publicKey, signature, providers),
  })
  const native = (algorithm: string, run: () => boolean): Check => ({ algorithm, provider: 'node', run })
  const packaged = (algorithm: string, run: () => boolean): Check => ({ algorithm, provider: 'noble', run })
  const { hmac, blake2b, hkdf: derived, mlKem, mlDsa: signed } = answers
  return [
    native('random', randomVaries),
    aead('AES-256-GCM', answers.aesGcm),
    aead('ChaCha20-Poly1305', answers.chaCha),
    native('HMAC-SHA256', () => macFits('HMAC-SHA256', hmac.key, hmac.message, hmac.sha256)),
    native('HMAC-SHA384', () => macFits('HMAC-SHA384', hmac.key, hmac.message, hmac.sha384)),
    native('HMAC-SHA512', () => macFits('HMAC-SHA512', hmac.key, hmac.message, hmac.sha512)),
    packaged('BLAKE2b', () => macFits('BLAKE2b', blake2b.key, '', blake2b.mac)),
    native('HKDF-SHA256', () => hkdfFits('SHA-256', derived.sha256)),
    native('HKDF-SHA384', () => hkdfFits('SHA-384', derived.sha384)),
    native('HKDF-SHA512', () => hkdfFits('SHA-512', derived.sha512)),
    native('PBKDF2', () =>
      same(pbkdf2Now('SHA-256', Buffer.from('passwd'), Buffer.from('salt'), 1, 64), answers.pbkdf2.bytes),
    ),
    { algorithm: 'Argon2id', provider: providers.argon2id.name, run: () => argon2Fits(providers) },
    packaged('AES-256-KW', keyWrapFits),
    native('RSA-PSS', rsaPssFits),
    native('RSA-OAEP', oaepFits),
    native('ECDSA-P256', () => ecdsaFits('P-256', 'ECDSA-SHA256', answers.p256)),
    native('ECDSA-P384', () => ecdsaFits('P-384', 'ECDSA-SHA384', answers.p384)),
    native('Ed25519', ed25519Fits),
    native('ECDH-P256', () => ecdhFits('P-256', answers.p256)),
    native('ECDH-P384', () => ecdhFits('P-384', answers.p384)),
    native('X25519', x25519Fits),
    kem('ML-KEM-768', mlKem.publicKey768, mlKem.ciphertext768, mlKem.sharedSecret768),
    kem('ML-KEM-1024', mlKem.publicKey1024, mlKem.ciphertext1024, mlKem.sharedSecret1024),
    mlDsa('ML-DSA-65', signed.publicKey65, signed.signature65),
    mlDsa('ML-DSA-87', signed.publicKey87, signed.signature87),
  ]
}

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
const same = (given: Uint8Array, hex: string): boolean => bytes(hex).equals(given)
const sameDigest = (given: Uint8Array, hex: string): boolean => same(sha256(given), hex)
const sample = Buffer.from('sample')

/** A copy with its last bit altered. */
function altered(given: Uint8Array): Buffer {
  const copy = Buffer.from(given)
  const last = copy.length - 1
  copy[last] = (copy[last] ?? 0) ^ 1
  return copy
}

function refused(work: () => unknown): boolean {
  try {
    work()
    return false
  } catch {
    return true
  }
}

/** Two draws that are equal, or one of equal bytes, come from a generator that stands still. */
function randomVaries(): boolean {
  const first = platformRandom.bytes(32)
  const second = platformRandom.bytes(32)
  return !first.equals(second) && !first.every((byte) => byte === first[0])
}

function aeadFits(
  algorithm: AeadAlgorithm,
  answer: typeof answers.aesGcm | typeof answers.chaCha,
  providers: Providers,
): boolean {
  const key = SecretKey.take(bytes(answer.key), algorithm)
  const [iv, data, plaintext] = [bytes(answer.iv), bytes(answer.associatedData), bytes(answer.plaintext)]
  const { ciphertext, tag } = sealAead(key, iv, data, plaintext, providers)
  return (
    same(ciphertext, answer.ciphertext) &&
    same(tag, answer.tag) &&
    openAead(key, iv, data, ciphertext, tag, providers).equals(plaintext) &&
    refused(() => openAead(key, iv, data, ciphertext, altered(tag), providers)) &&
    refused(() => openAead(key, iv, altered(data), ciphertext, tag, providers)) &&
    refused(() => openAead(key, iv, data, altered(ciphertext), tag, providers))
  )
}

function macFits(algorithm: MacAlgorithm, key: string, message: string, answer: string): boolean {
  const own = macKey(bytes(key), algorithm)
  const mac = computeMac(own, bytes(message))
  return (
    same(mac, answer) &&
    verifyMac(own, bytes(message), mac) &&
    !verifyMac(own, bytes(message), altered(mac)) &&
    !verifyMac(own, sample, mac)
  )
}

function hkdfFits(hash: HashName, answer: string): boolean {
  const { secret, salt, info } = answers.hkdf
  return same(hkdf(hash, bytes(secret), bytes(salt), bytes(info), answer.length / 2), answer)
}

function argon2Fits(providers: Providers): boolean {
  const cost = { memoryKiB: 256, passes: 2, lanes: 1 }
  const derived = providers.argon2id.deriveNow(Buffer.from('password'), Buffer.from('somesalt'), cost, 32)
  return same(derived, answers.argon2id.bytes)
}

function keyWrapFits(): boolean {
  const key = SecretKey.take(bytes(answers.keyWrap.key), 'AES-256-KW')
  const wrapped = wrapKeyBytes(key, bytes(answers.keyWrap.plaintext))
  return (
    same(wrapped, answers.keyWrap.wrapped) &&
    same(unwrapKeyBytes(key, wrapped), answers.keyWrap.plaintext) &&
    refused(() => unwrapKeyBytes(key, altered(wrapped)))
  )
}

/** Takes the known signature, makes one that is taken, and refuses both where they or the message were altered. */
function signatureFits(
  algorithm: SignatureAlgorithm,
  privateKey: ReturnType<typeof readPrivateKey>,
  known: Uint8Array,
  message: Uint8Array,
  options: SignatureOptions,
  providers: Providers = platformProviders(),
): boolean {
  const { publicKey } = privateKey
  const taken = (signature: Uint8Array, of: Uint8Array): boolean =>
    checkSignature(algorithm, of, signature, publicKey, options, providers)
  const made = createSignature(algorithm, message, privateKey, options, providers)
  return (
    taken(known, message) &&
    taken(made, message) &&
    !taken(altered(known), message) &&
    !taken(made, altered(message))
  )
}

function rsaPssFits(): boolean {
  const key = readPrivateKey(Buffer.from(answers.rsa.pkcs8, 'base64'))
  return signatureFits('RSA-PSS-SHA256', key, Buffer.from(answers.rsa.sig, 'base64'), sample, {})
}

function oaepFits(): boolean {
  const key = readPrivateKey(Buffer.from(answers.rsa.pkcs8, 'base64'))
  const known = Buffer.from(answers.rsa.ct, 'base64')
  return (
    decryptOaep(key, known).equals(sample) &&
    decryptOaep(key, encryptOaep(key.publicKey, sample)).equals(sample) &&
    refused(() => decryptOaep(key, altered(known)))
  )
}

function ecdsaFits(
  curve: Curve,
  algorithm: SignatureAlgorithm,
  answer: typeof answers.p256 | typeof answers.p384,
): boolean {
  const key = importRawPrivateKey(curve, bytes(answer.privateKey))
  const point = importRawPublicKey(curve, bytes(answer.publicKey))
  return (
    key.publicKey.spki.equals(point.spki) &&
    signatureFits(algorithm, key, bytes(answer.signature), sample, { form: 'raw' })
  )
}

function ed25519Fits(): boolean {
  const { privateKey, publicKey, message, signature } = answers.ed25519
  const key = importRawPrivateKey('Ed25519', bytes(privateKey))
  return (
    key.publicKey.raw?.equals(bytes(publicKey)) === true &&
    same(createSignature('Ed25519', bytes(message), key), signature) &&
    signatureFits('Ed25519', key, bytes(signature), bytes(message), {})
  )
}

function ecdhFits(curve: Curve, answer: typeof answers.p256 | typeof answers.p384): boolean {
  const key = importRawPrivateKey(curve, bytes(answer.privateKey))
  const peer = importRawPublicKey(curve, bytes(answer.publicKey))
  return (
    agreeEcdh(curve, key, peer).use((secret) => same(secret, answer.sharedSecret)) &&
    refused(() => importRawPublicKey(curve, altered(bytes(answer.publicKey))))
  )
}

function x25519Fits(): boolean {
  const { privateKey, publicKey, sharedSecret } = answers.x25519
  const key = importRawPrivateKey('X25519', bytes(privateKey))
  const peer = importRawPublicKey('X25519', bytes(publicKey))
  const smallOrder = importRawPublicKey('X25519', Buffer.alloc(32))
  return (
    agreeX25519(key, peer).use((secret) => same(secret, sharedSecret)) &&
    refused(() => agreeX25519(key, smallOrder))
  )
}

function kemFits(
  algorithm: KemAlgorithm,
  answer: { readonly publicKey: string; readonly ciphertext: string; readonly secret: string },
  providers: Providers,
): boolean {
  const count = Buffer.from(Array.from({ length: 64 }, (_, index) => index))
  const key = importRawPrivateKey(algorithm, count, providers)
  const known = encapsulate(key.publicKey, { message: count.subarray(0, 32) }, providers)
  const made = encapsulate(key.publicKey, {}, providers)
  const rejected = decapsulate(key, altered(known.ciphertext), providers)
  return (
    key.publicKey.raw !== null &&
    sameDigest(key.publicKey.raw, answer.publicKey) &&
    sameDigest(known.ciphertext, answer.ciphertext) &&
    known.sharedSecret.use((secret) => same(secret, answer.secret)) &&
    decapsulate(key, known.ciphertext, providers).use((secret) => same(secret, answer.secret)) &&
    decapsulate(key, made.ciphertext, providers).use((own) =>
      made.sharedSecret.use((theirs) => Buffer.from(theirs).equals(own)),
    ) &&
    !rejected.use((secret) => same(secret, answer.secret))
  )
}

function mlDsaFits(
  algorithm: MlDsaAlgorithm,
  publicKey: string,
  signature: string,
  providers: Providers,
): boolean {
  const seed = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
  const key = importRawPrivateKey(algorithm, seed, providers)
  const known = createSignature(algorithm, sample, key, { deterministic: true }, providers)
  return (
    key.publicKey.raw !== null &&
    sameDigest(key.publicKey.raw, publicKey) &&
    sameDigest(known, signature) &&
    signatureFits(algorithm, key, known, sample, {}, providers)
  )
}
