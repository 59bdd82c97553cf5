import { describe, expect, it } from 'vitest'
import { CertificateManager } from '#core/ca/certificate-manager.ts'
import { pemText } from '#core/crypto/pem.ts'
import { makeAuthority, makeCertificate, makeCrl } from '../../support/certificates.ts'
import { FakeClock } from '../../support/clock.ts'

const pem = (der: Uint8Array): string => pemText('CERTIFICATE', der)

describe('validatePeerCertificate', () => {
  it('answers the seven fields of the spec', async () => {
    const root = await makeAuthority()
    const { certificate } = await makeCertificate(root, { serial: '42' })
    const manager = new CertificateManager({ clock: new FakeClock() })
    const trusted = [pem(root.certificate)]
    expect(manager.validatePeerCertificate(pem(certificate), trusted)).toMatchObject({
      isValid: true,
      trustChainValid: true,
      notExpired: true,
      notRevoked: true,
      hostnameMatch: true,
      keyUsageValid: true,
      validationErrors: [],
      revocationChecked: false,
    })
    const crl = await makeCrl(root, { serials: ['42'] })
    expect(manager.validatePeerCertificate(pem(certificate), trusted, { crl }).notRevoked).toBe(false)
    const elsewhere = manager.validatePeerCertificate(pem(certificate), trusted, {
      agentId: 'target-station',
    })
    expect(elsewhere).toMatchObject({ isValid: false, hostnameMatch: false })
  })

  it('takes the time from its clock', async () => {
    const root = await makeAuthority()
    const { certificate } = await makeCertificate(root)
    const manager = new CertificateManager({ clock: new FakeClock('2030-01-01T00:00:00.000Z') })
    expect(manager.validatePeerCertificate(pem(certificate), [pem(root.certificate)]).notExpired).toBe(false)
  })

  it('does not throw for text that is no certificate, on either side', async () => {
    const root = await makeAuthority()
    const { certificate } = await makeCertificate(root)
    const manager = new CertificateManager({ clock: new FakeClock() })
    expect(manager.validatePeerCertificate('hello', [pem(root.certificate)]).failure).toBe(
      'certificate_invalid',
    )
    expect(manager.validatePeerCertificate(pem(certificate), ['hello']).failure).toBe('certificate_untrusted')
  })
})
