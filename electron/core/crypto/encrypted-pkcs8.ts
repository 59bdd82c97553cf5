import { scrypt } from 'node:crypto'
import { AuthenticationError, EncryptionError, KeyManagementError, SecurityException } from '../errors.ts'
import type { HashName } from './algorithms.ts'
import type { PrivateKey } from './asymmetric-key.ts'
import { type DerElement, DerTag, readDerElements, readDerSequence } from './der.ts'
import { derInteger, derOctets, derSequence } from './der-write.ts'
import { badInput, requireBytes, requireInteger, requireName, requireObject } from './input.ts'
import { type PrivateKeyInput, readPrivateKey, takePkcs8 } from './key-import.ts'
import { leastPbkdf2Iterations, mostPbkdf2Iterations } from './kdf.ts'
import {
  decryptPbes2,
  encryptPbes2,
  openBytes,
  type Pbes2Cipher,
  pbes2Iterations,
  pbes2Shapes,
} from './pbes2.ts'
import { decodePem, encodePem } from './pem.ts'
import type { Providers } from './providers.ts'
import { platformRandom, type RandomSource } from './random.ts'
import { platformProviders } from './registry.ts'

const objectIdentifier = (hex: string): Buffer => Buffer.from(hex, 'hex')

const pbes2 = objectIdentifier('06092a864886f70d01050d')
const pbkdf2 = objectIdentifier('06092a864886f70d01050c')
/** RFC 7914 section 7: what `openssl pkcs8 -scrypt` writes. */
const scryptKdf = objectIdentifier('06092b06010401da47040b')

/** The whole AlgorithmIdentifier, with NULL parameters (RFC 8018 appendix B.1.2). */
const hmacs = new Map<string, HashName>([
  ['300c06082a864886f70d02090500', 'SHA-256'],
  ['300c06082a864886f70d020a0500', 'SHA-384'],
  ['300c06082a864886f70d020b0500', 'SHA-512'],
])
const hmacSha256 = Buffer.from('300c06082a864886f70d02090500', 'hex')

const cipherNames = new Map<string, Pbes2Cipher>([
  ['0609608648016503040102', 'AES-128-CBC'],
  ['0609608648016503040116', 'AES-192-CBC'],
  ['060960864801650304012a', 'AES-256-CBC'],
  ['060960864801650304012e', 'AES-256-GCM'],
])
const aes256Cbc = objectIdentifier('060960864801650304012a')
const aes256Gcm = objectIdentifier('060960864801650304012e')

const octetString = 0x04
const label = 'ENCRYPTED PRIVATE KEY'
const maxBytes = 65_536

export interface EncryptedKeyOptions {
  /** `AES-256-CBC` where it is not given, because OpenSSL reads no other. */
  readonly cipher?: 'AES-256-CBC' | 'AES-256-GCM'
  /** Of PBKDF2-SHA256, 100,000 or more; 600,000 where it is not given. */
  readonly iterations?: number
  readonly random?: RandomSource
}

/**
 * A private key as encrypted PKCS#8 in PEM (RFC 5958 section 3, PBES2), off the main thread. The caller keeps the
 * passphrase, 1 to 1024 bytes.
 * @throws EncryptionError `invalid_input` naming the parameter; KeyManagementError where the key cannot be read
 */
export async function encryptPrivateKey(
  privateKey: PrivateKeyInput,
  passphrase: Uint8Array,
  options: EncryptedKeyOptions = {},
): Promise<string> {
  requirePassphrase(passphrase)
  requireObject(EncryptionError, 'options', options)
  const { cipher = 'AES-256-CBC', iterations = pbes2Iterations, random = platformRandom } = options
  requireName(EncryptionError, 'cipher', cipher, ['AES-256-CBC', 'AES-256-GCM'])
  requireInteger(EncryptionError, 'iterations', iterations, leastPbkdf2Iterations, mostPbkdf2Iterations)
  const salt = random.bytes(16)
  const iv = random.bytes(pbes2Shapes[cipher].ivBytes)
  const der = readPrivateKey(privateKey).exportPkcs8()
  try {
    const sealed = await encryptPbes2(der, passphrase, { cipher, hash: 'SHA-256', salt, iterations, iv })
    const kdf = derSequence(pbkdf2, derSequence(derOctets(salt), derInteger(iterations), hmacSha256))
    const scheme =
      cipher === 'AES-256-CBC'
        ? derSequence(aes256Cbc, derOctets(iv))
        : derSequence(aes256Gcm, derSequence(derOctets(iv), derInteger(16)))
    const algorithm = derSequence(pbes2, derSequence(kdf, scheme))
    return encodePem(label, derSequence(algorithm, derOctets(sealed))).toString('latin1')
  } finally {
    der.fill(0)
  }
}

/**
 * Reads encrypted PKCS#8 (PEM or DER), as the engine or OpenSSL wrote it: PBES2 with PBKDF2 (HMAC-SHA256, 384, 512) or
 * scrypt, and AES-CBC or AES-256-GCM. The caller keeps the passphrase.
 * @throws AuthenticationError `authentication_failed` for a wrong passphrase or an altered file; KeyManagementError
 *   `invalid_input` where it is no such file
 */
export async function readEncryptedPrivateKey(
  input: string | Uint8Array,
  passphrase: Uint8Array,
  providers: Providers = platformProviders(),
): Promise<PrivateKey> {
  requirePassphrase(passphrase)
  const file = readFile(derOf(input))
  const der = await openFile(file, passphrase)
  try {
    return takePkcs8(der, providers)
  } catch (error) {
    if (!(error instanceof SecurityException) || file.cipher === 'AES-256-GCM') throw error
    // One wrong passphrase in 256 leaves bytes that end like padding, and are no key.
    throw new AuthenticationError(
      'authentication_failed',
      'The passphrase is wrong, or what it protects was altered.',
    )
  }
}

function requirePassphrase(passphrase: unknown): void {
  requireBytes(EncryptionError, 'passphrase', passphrase, { min: 1, max: 1024 })
}

interface EncryptedFile {
  readonly stretching:
    | { readonly hash: HashName; readonly iterations: number }
    | { readonly cost: number; readonly blockSize: number; readonly lanes: number }
  readonly salt: Uint8Array
  readonly cipher: Pbes2Cipher
  readonly iv: Uint8Array
  readonly ciphertext: Uint8Array
}

async function openFile(file: EncryptedFile, passphrase: Uint8Array): Promise<Buffer> {
  const { stretching, salt, cipher, iv, ciphertext } = file
  if ('hash' in stretching) return decryptPbes2(ciphertext, passphrase, { cipher, salt, iv, ...stretching })
  const { cost, blockSize, lanes } = stretching
  const key = await new Promise<Buffer>((resolve, reject) => {
    const options = { N: cost, r: blockSize, p: lanes, maxmem: 256 * cost * blockSize + 1024 * 1024 }
    scrypt(passphrase, salt, pbes2Shapes[cipher].keyBytes, options, (error, derived) =>
      error ? reject(error) : resolve(derived),
    )
  }).catch((error: unknown) => {
    throw isParameterError(error) ? unsupportedScrypt() : error
  })
  try {
    return openBytes(cipher, key, iv, ciphertext)
  } finally {
    key.fill(0)
  }
}

function derOf(input: unknown): Uint8Array {
  const allowed = `an encrypted private key as PKCS#8 (PEM or DER), at most ${maxBytes} bytes`
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) {
    throw badInput(KeyManagementError, 'encryptedKey', allowed, input)
  }
  if (input.length > maxBytes) throw badInput(KeyManagementError, 'encryptedKey', allowed, input)
  if (typeof input !== 'string' && input[0] === DerTag.sequence) return input
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('latin1')
  const der = decodePem(label, text)
  if (der === null) throw badInput(KeyManagementError, 'encryptedKey', allowed, input)
  return der
}

/** @throws KeyManagementError `invalid_input` saying what is not taken. */
function readFile(der: Uint8Array): EncryptedFile {
  try {
    const [algorithm, ciphertext, ...rest] = readDerSequence(der)
    const [scheme, parameters] = fields(algorithm, 2)
    if (ciphertext?.tag !== octetString || rest.length > 0) throw new RangeError('no encrypted key')
    if (!same(scheme, pbes2)) throw unsupported('encryption scheme', 'PBES2')
    const [kdf, cipherAlgorithm] = fields(parameters, 2)
    const [cipherName, cipherParameters] = fields(cipherAlgorithm, 2)
    const cipher = cipherNames.get(hex(cipherName))
    if (cipher === undefined) throw unsupported('cipher', 'AES-CBC or AES-256-GCM')
    const iv = cipher === 'AES-256-GCM' ? gcmNonce(cipherParameters) : octets(cipherParameters)
    if (iv.byteLength !== pbes2Shapes[cipher].ivBytes) throw new RangeError('an IV of another length')
    const [name, kdfParameters] = fields(kdf, 2)
    return { ...readStretching(name, kdfParameters, cipher), cipher, iv, ciphertext: ciphertext.content }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new KeyManagementError(
      'invalid_input',
      'encryptedKey must be EncryptedPrivateKeyInfo of RFC 5958; given was something else, or damaged.',
    )
  }
}

function readStretching(
  name: DerElement | undefined,
  parameters: DerElement | undefined,
  cipher: Pbes2Cipher,
): Pick<EncryptedFile, 'stretching' | 'salt'> {
  const [salt, ...rest] = fields(parameters, 5)
  const { keyBytes } = pbes2Shapes[cipher]
  if (same(name, pbkdf2)) {
    const prf = rest.at(-1)
    const numbers = rest.slice(0, -1).map((element) => integer(element))
    const [iterations = 0, keyLength = keyBytes] = numbers
    const hash = prf?.tag === DerTag.sequence ? hmacs.get(hex(prf)) : undefined
    if (hash === undefined) throw unsupported('hash of PBKDF2', 'HMAC-SHA256, HMAC-SHA384 or HMAC-SHA512')
    if (numbers.length > 2) throw new RangeError('more numbers than there are')
    if (keyLength !== keyBytes) throw new RangeError('a key of another length')
    if (iterations < 1 || iterations > mostPbkdf2Iterations) {
      throw unsupported('number of iterations', `1 to ${mostPbkdf2Iterations}`)
    }
    return { stretching: { hash, iterations }, salt: octets(salt) }
  }
  if (same(name, scryptKdf)) {
    const [cost = 0, blockSize = 0, lanes = 0, keyLength = keyBytes] = rest.map((element) => integer(element))
    const powerOfTwo = cost > 1 && (cost & (cost - 1)) === 0
    const memory = blockSize >= 1 && cost * blockSize <= 2 ** 21 && cost < 2 ** (16 * blockSize)
    const bounded = memory && lanes >= 1 && lanes <= 16 && blockSize * lanes <= 2 ** 13
    if (!powerOfTwo || !bounded) throw unsupportedScrypt()
    if (keyLength !== keyBytes) throw new RangeError('a key of another length')
    return { stretching: { cost, blockSize, lanes }, salt: octets(salt) }
  }
  throw unsupported('key derivation', 'PBKDF2 or scrypt')
}

/** RFC 7914 section 2 wants N below 2^(16 * r); the other bounds are of what one file may cost. */
const unsupportedScrypt = (): KeyManagementError =>
  unsupported(
    'cost of scrypt',
    'N a power of two below 2^(16 * r), N * r up to 2^21, p up to 16 and r * p up to 2^13',
  )

const isParameterError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS'

/** RFC 5084 section 3.2: the nonce, and the length of the tag, which has to be 16 here (the default is 12). */
function gcmNonce(parameters: DerElement | undefined): Uint8Array {
  const [nonce, tagLength] = fields(parameters, 2)
  if (tagLength === undefined || integer(tagLength) !== 16) throw unsupported('tag length', '16')
  return octets(nonce)
}

const hex = (element: DerElement | undefined): string =>
  element === undefined ? '' : Buffer.from(element.bytes).toString('hex')

const same = (element: DerElement | undefined, expected: Buffer): boolean =>
  element !== undefined && expected.equals(element.bytes)

/** The fields of a SEQUENCE that has at most so many. */
function fields(element: DerElement | undefined, most: number): DerElement[] {
  if (element?.tag !== DerTag.sequence) throw new RangeError('no sequence')
  const found = readDerElements(element.content)
  if (found.length > most) throw new RangeError('more fields than there are')
  return found
}

function octets(element: DerElement | undefined): Uint8Array {
  if (element?.tag !== octetString) throw new RangeError('no octet string')
  return element.content
}

function integer({ tag, content }: DerElement): number {
  const [first = 0x80, second = 0x80] = content
  const shortest = first !== 0 || content.length === 1 || second >= 0x80
  if (tag !== DerTag.integer || content.length > 4 || first >= 0x80 || !shortest) {
    throw new RangeError('no small integer')
  }
  return content.reduce((value, byte) => value * 256 + byte, 0)
}

const unsupported = (what: string, allowed: string): KeyManagementError =>
  new KeyManagementError(
    'invalid_input',
    `encryptedKey: the ${what} must be ${allowed}; given was another one.`,
  )
