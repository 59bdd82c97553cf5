import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { readPrivateJwk, readPublicJwk } from '#core/crypto/jwk.ts'
import { KeyManagementError } from '#core/errors.ts'
import { expectRefused } from '../../support/crypto-inputs.ts'

const pairs = {
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  Ed25519: generateKeyPairSync('ed25519'),
  X25519: generateKeyPairSync('x25519'),
} as const

it.each(Object.entries(pairs))('reads what node:crypto wrote of %s', (kind, { privateKey, publicKey }) => {
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const one = readPublicJwk(publicKey.export({ format: 'jwk' }))
  const two = readPrivateJwk(privateKey.export({ format: 'jwk' }))
  expect([one.kind, two.kind]).toEqual([kind, kind])
  expect(one.spki.equals(spki) && two.publicKey.spki.equals(spki)).toBe(true)
})

it('refuses what is damaged, naming the member', () => {
  const jwk = pairs['P-256'].privateKey.export({ format: 'jwk' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const bad: [string, unknown][] = [
    ['jwk', null],
    ['jwk', 'secret'],
    ['jwk.crv', { ...jwk, crv: 'P-521' }],
    ['jwk.crv', { ...jwk, crv: 5 }],
    ['jwk.kty', { ...jwk, kty: 'OKP' }],
    ['jwk.d', { ...jwk, d: undefined }],
    ['jwk.d', { ...jwk, d: `${jwk.d ?? ''}A` }],
    ['jwk.d', { ...jwk, d: `${jwk.d ?? ''}=` }],
    ['jwk.x', { ...jwk, x: 'AAAA' }],
    ['jwk', { ...jwk, x: other.x, y: other.y }],
    ['publicKey', { ...jwk, y: other.y }],
  ]
  for (const [member, given] of bad)
    expectRefused(KeyManagementError, member, [given], (v) => readPrivateJwk(v))
})
