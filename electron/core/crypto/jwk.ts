import { KeyManagementError } from '../errors.ts'
import type { PrivateKey, PublicKey } from './asymmetric-key.ts'
import { badInput, requireObject } from './input.ts'
import { type RawKind, rawEncodings } from './key-encoding.ts'
import { importRawPrivateKey, importRawPublicKey } from './key-import.ts'

/** Curves of JWK (RFC 7518 section 6.2, RFC 8037) and what the engine calls them. */
const curveKinds = new Map<string, { readonly kind: RawKind; readonly type: 'EC' | 'OKP' }>([
  ['P-256', { kind: 'P-256', type: 'EC' }],
  ['P-384', { kind: 'P-384', type: 'EC' }],
  ['Ed25519', { kind: 'Ed25519', type: 'OKP' }],
  ['X25519', { kind: 'X25519', type: 'OKP' }],
])

/**
 * Reads a public key in JWK form: P-256, P-384, Ed25519 or X25519.
 * @throws KeyManagementError `invalid_input` naming the member
 */
export function readPublicJwk(jwk: unknown): PublicKey {
  const { kind, type, members } = readMembers(jwk)
  const x = readMember(members, 'x', coordinateBytes(kind))
  if (type === 'OKP') return importRawPublicKey(kind, x)
  const y = readMember(members, 'y', coordinateBytes(kind))
  return importRawPublicKey(kind, Buffer.concat([Buffer.from([4]), x, y]))
}

/**
 * Reads a private key in JWK form, of the same curves. Its public part, where it has one, must belong to it. Text
 * cannot be overwritten: prefer PKCS#8.
 * @throws KeyManagementError `invalid_input` naming the member
 */
export function readPrivateJwk(jwk: unknown): PrivateKey {
  const { kind, members } = readMembers(jwk)
  const bytes = readMember(members, 'd', rawEncodings[kind].privateBytes)
  try {
    const key = importRawPrivateKey(kind, bytes)
    if ('x' in members && !readPublicJwk(jwk).spki.equals(key.publicKey.spki)) {
      throw new KeyManagementError(
        'invalid_input',
        'jwk must be a private key and the public key of it; given were two that do not belong together.',
      )
    }
    return key
  } finally {
    bytes.fill(0)
  }
}

const coordinateBytes = (kind: RawKind): number => rawEncodings[kind].privateBytes

function readMembers(jwk: unknown) {
  requireObject(KeyManagementError, 'jwk', jwk)
  const members: Readonly<Record<string, unknown>> = { ...jwk }
  const curve = typeof members.crv === 'string' ? curveKinds.get(members.crv) : undefined
  if (curve === undefined) {
    throw badInput(KeyManagementError, 'jwk.crv', `one of ${[...curveKinds.keys()].join(', ')}`, members.crv)
  }
  if (members.kty !== curve.type) throw badInput(KeyManagementError, 'jwk.kty', curve.type, members.kty)
  return { ...curve, members }
}

function readMember(members: Readonly<Record<string, unknown>>, name: string, length: number): Buffer {
  const text = members[name]
  const allowed = `${length} bytes as base64url without padding`
  if (typeof text !== 'string') throw badInput(KeyManagementError, `jwk.${name}`, allowed, text)
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== length || bytes.toString('base64url') !== text) {
    throw badInput(KeyManagementError, `jwk.${name}`, allowed, text)
  }
  return bytes
}
