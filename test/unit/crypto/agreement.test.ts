import fc from 'fast-check'
import { p256, p384 } from '@noble/curves/nist.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { agreeEcdh, agreeX25519 } from '#core/crypto/agreement.ts'
import { importRawPrivateKey, importRawPublicKey } from '#core/crypto/key-import.ts'
import type { SecretKey } from '#core/crypto/secret-key.ts'
import { EncryptionError, KeyManagementError } from '#core/errors.ts'
import { bytesOf, expectRefused, refusal } from '../../support/crypto-inputs.ts'
import { keyOf } from '../../support/crypto-keys.ts'

const hex = (secret: SecretKey): string => secret.use((bytes) => Buffer.from(bytes).toString('hex'))
/** Below the orders of both groups, and not zero. */
const scalar = (length: number) =>
  bytesOf(length).map((bytes) => {
    bytes[0] = 1
    return bytes
  })

describe.each([
  { curve: 'P-256', other: p256, length: 32 },
  { curve: 'P-384', other: p384, length: 48 },
] as const)('ECDH $curve', ({ curve, other, length }) => {
  it('gives both sides one secret, and the same as another implementation', () => {
    fc.assert(
      fc.property(scalar(length), scalar(length), (one, two) => {
        const own = importRawPrivateKey(curve, one)
        const peer = importRawPrivateKey(curve, two)
        const secret = hex(agreeEcdh(curve, own, peer.publicKey))
        expect(secret).toBe(hex(agreeEcdh(curve, peer, own.publicKey.spki)))
        const expected = other.getSharedSecret(one, other.getPublicKey(two, false)).subarray(1)
        expect(secret).toBe(Buffer.from(expected).toString('hex'))
      }),
      { numRuns: 8 },
    )
  })

  it('refuses keys of another kind', async () => {
    const own = importRawPrivateKey(curve, Buffer.alloc(length, 1))
    const strange = await keyOf('X25519')
    expectRefused(EncryptionError, 'publicKey', [strange.publicKey], (v) => agreeEcdh(curve, own, v))
    expectRefused(EncryptionError, 'privateKey', [strange], (v) => agreeEcdh(curve, v, own.publicKey))
    expectRefused(KeyManagementError, 'publicKey', [null, 'secret', Buffer.alloc(91)], (v) =>
      agreeEcdh(curve, own, v),
    )
    expectRefused(KeyManagementError, 'privateKey', [null, 'secret', Buffer.alloc(0)], (v) =>
      agreeEcdh(curve, v, own.publicKey),
    )
    expectRefused(EncryptionError, 'curve', ['P-521', 'X25519', null], (v) =>
      agreeEcdh(v, own, own.publicKey),
    )
  })
})

describe('X25519', () => {
  it('gives both sides one secret, and the same as another implementation', () => {
    fc.assert(
      fc.property(bytesOf(32), bytesOf(32), (one, two) => {
        const own = importRawPrivateKey('X25519', one)
        const peer = importRawPrivateKey('X25519', two)
        const secret = hex(agreeX25519(own, peer.publicKey))
        expect(secret).toBe(hex(agreeX25519(peer, own.publicKey)))
        expect(secret).toBe(
          Buffer.from(x25519.getSharedSecret(one, x25519.getPublicKey(two))).toString('hex'),
        )
      }),
      { numRuns: 15 },
    )
  })

  it('refuses every point of small order', () => {
    // RFC 7748 section 6.1; the list of https://cr.yp.to/ecdh.html#validate.
    const smallOrder = [
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0100000000000000000000000000000000000000000000000000000000000000',
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ]
    const own = importRawPrivateKey('X25519', Buffer.alloc(32, 7))
    for (const point of smallOrder) {
      const peer = importRawPublicKey('X25519', Buffer.from(point, 'hex'))
      const error = refusal(() => agreeX25519(own, peer))
      expect(error).toBeInstanceOf(EncryptionError)
      expect(error.code).toBe('encryption_failed')
    }
  })

  it('refuses keys of another kind', async () => {
    const own = await keyOf('X25519')
    const strange = await keyOf('Ed25519')
    expectRefused(EncryptionError, 'publicKey', [strange.publicKey], (v) => agreeX25519(own, v))
    expectRefused(EncryptionError, 'privateKey', [strange], (v) => agreeX25519(v, own.publicKey))
    expectRefused(KeyManagementError, 'publicKey', [Buffer.alloc(32), null], (v) => agreeX25519(own, v))
  })
})
