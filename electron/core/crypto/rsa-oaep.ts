import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import { EncryptionError } from '../errors.ts'
import { type HashName, hashes, hashNames } from './algorithms.ts'
import { requireBytes, requireName, requireObject } from './input.ts'
import { type PrivateKeyInput, type PublicKeyInput, readPrivateKey, readPublicKey } from './key-import.ts'

export interface OaepOptions {
  /** Of the label and of MGF1; SHA-256 where it is not given. */
  readonly hash?: HashName
  /** Bound to the ciphertext, at most 1024 bytes; empty where it is not given. */
  readonly label?: Uint8Array
}

/**
 * RSAES-OAEP (RFC 8017 section 7.1): transports a key to the holder of an RSA key. It has no forward secrecy, so
 * sessions do not use it.
 * @throws EncryptionError `invalid_input` naming the parameter; KeyManagementError where the key cannot be read
 */
export function encryptOaep(
  publicKey: PublicKeyInput,
  plaintext: Uint8Array,
  options: OaepOptions = {},
): Buffer {
  const { hash, label } = checkOptions(options)
  const key = readPublicKey(publicKey)
  if (key.keyObject === null || key.modulusBits === null) throw wrongKind('publicKey', key.kind)
  const max = Math.ceil(key.modulusBits / 8) - 2 * hashes[hash].bytes - 2
  requireBytes(EncryptionError, 'plaintext', plaintext, { max })
  try {
    return publicEncrypt({ key: key.keyObject, ...padding(hash, label) }, plaintext)
  } catch {
    throw new EncryptionError(
      'invalid_input',
      'publicKey must be an RSA key that the library can encrypt with; given was one it refuses.',
    )
  }
}

/**
 * Opens what `encryptOaep` made, in a buffer that the caller fills with zeros. Every failure reads the same.
 * @throws EncryptionError `encryption_failed`, `invalid_input` naming the parameter; KeyManagementError where the key
 *   cannot be read
 */
export function decryptOaep(
  privateKey: PrivateKeyInput,
  ciphertext: Uint8Array,
  options: OaepOptions = {},
): Buffer {
  const { hash, label } = checkOptions(options)
  const key = readPrivateKey(privateKey)
  const { modulusBits } = key.publicKey
  if (key.keyObject === null || modulusBits === null) throw wrongKind('privateKey', key.kind)
  const length = Math.ceil(modulusBits / 8)
  requireBytes(EncryptionError, 'ciphertext', ciphertext, { min: length, max: length })
  try {
    return privateDecrypt({ key: key.keyObject, ...padding(hash, label) }, ciphertext)
  } catch {
    throw new EncryptionError('encryption_failed', 'The transported key cannot be opened with this RSA key.')
  }
}

function checkOptions(options: unknown): { readonly hash: HashName; readonly label: Uint8Array } {
  requireObject(EncryptionError, 'options', options)
  const { hash = 'SHA-256', label = new Uint8Array(0) } = options as OaepOptions
  requireName(EncryptionError, 'hash', hash, hashNames)
  requireBytes(EncryptionError, 'label', label, { max: 1024 })
  return { hash, label }
}

const padding = (hash: HashName, label: Uint8Array) => ({
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: hashes[hash].node,
  oaepLabel: label,
})

const wrongKind = (parameter: string, kind: string): EncryptionError =>
  new EncryptionError('invalid_input', `${parameter} must be an RSA key; given was one of ${kind}.`)
