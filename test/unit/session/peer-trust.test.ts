import { beforeAll, describe, expect, it } from 'vitest'
import { PeerTrust } from '#core/session/peer-trust.ts'
import { FakeClock } from '../../support/clock.ts'
import {
  makeAuthority,
  makeCertificate,
  makeCrl,
  type TestAuthority,
  type TestCertificate,
  testTime,
  withByteChanged,
} from '../../support/certificates.ts'

const day = 24 * 3600 * 1000
const serial = '4000000000000000000000000000000b'

let root: TestAuthority
let other: TestAuthority
let chaser: TestCertificate

beforeAll(async () => {
  root = await makeAuthority()
  other = await makeAuthority()
  chaser = await makeCertificate(root, { serial })
})

function makeTrust(crl: Uint8Array | null = null) {
  const clock = new FakeClock()
  return { clock, trust: new PeerTrust({ clock, trustAnchor: root.certificate, crl }) }
}

const code = (expected: string) => expect.objectContaining({ code: expected }) as Error

describe('trust in a peer', () => {
  it('gives the key of a certificate that is good now and names the peer', () => {
    const { trust } = makeTrust()
    expect(Buffer.from(trust.judge([chaser.certificate], 'chaser-001'))).toEqual(chaser.keys.spki)
  })

  it('is refused for each reason with its own code', async () => {
    const { trust, clock } = makeTrust(await makeCrl(root))
    const judge =
      (certificate: Uint8Array, peer = 'chaser-001') =>
      () =>
        trust.judge([certificate], peer)
    expect(() => trust.judge([], 'chaser-001')).toThrow(code('certificate_invalid'))
    expect(judge(chaser.certificate, 'target-station')).toThrow(code('certificate_identity_mismatch'))
    expect(judge((await makeCertificate(other)).certificate)).toThrow(code('certificate_untrusted'))
    expect(judge(withByteChanged(chaser.certificate))).toThrow(code('certificate_untrusted'))
    expect(judge(Buffer.from('nothing'))).toThrow(code('certificate_invalid'))
    expect(judge(root.certificate)).toThrow()
    clock.advance(366 * day)
    expect(judge(chaser.certificate)).toThrow(code('certificate_expired'))
  })

  it('ends when a newer list of the fleet names the certificate; an older or a foreign one changes nothing', async () => {
    const { trust } = makeTrust(await makeCrl(root, { number: 2 }))
    trust.judge([chaser.certificate], 'chaser-001')
    trust.proved([chaser.certificate], 'chaser-001')
    expect(trust.update(await makeCrl(root, { number: 1, serials: [serial] }))).toBe(false)
    expect(trust.update(await makeCrl(root, { number: 2, serials: [serial] }))).toBe(false)
    const forged = await makeCrl(other, { number: 9, serials: [serial] })
    const altered = withByteChanged(await makeCrl(root, { number: 9, serials: [serial] }))
    for (const bad of [forged, altered, Buffer.from('nothing')]) {
      expect(() => trust.update(bad)).toThrow()
      expect(trust.review()).toEqual([])
    }
    expect(trust.update(await makeCrl(root, { number: 3, serials: [serial] }))).toBe(true)
    expect(trust.review()).toMatchObject([{ peer: 'chaser-001', error: { code: 'certificate_revoked' } }])
    expect(() => trust.judge([chaser.certificate], 'chaser-001')).toThrow(code('certificate_revoked'))
    expect(() => trust.checkOwn(chaser.certificate, 'chaser-001')).toThrow(code('certificate_revoked'))
  })

  it('is told to have ended once, and only of peers that proved to hold their key', () => {
    const { trust, clock } = makeTrust()
    trust.judge([chaser.certificate], 'chaser-001')
    clock.advance(366 * day)
    expect(trust.review()).toEqual([])
    const again = makeTrust()
    again.trust.judge([chaser.certificate], 'chaser-001')
    again.trust.proved([chaser.certificate], 'chaser-001')
    again.clock.advance(366 * day)
    expect(again.trust.review().map(({ peer }) => peer)).toEqual(['chaser-001'])
    expect(again.trust.review()).toEqual([])
    expect(again.clock.now()).toBe(testTime + 366 * day)
  })
})
