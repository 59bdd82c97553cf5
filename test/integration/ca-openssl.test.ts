import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { generateIdentity } from '#core/ca/csr.ts'
import { ExtendedKeyUsage, Extension, KeyUsageFlags } from '#core/ca/x509.ts'
import { validateCertificate } from '#core/ca/validation.ts'
import { pemText } from '#core/crypto/pem.ts'
import type { AuthorityAlgorithm } from '#shared/model/fleet.ts'
import {
  type LeafOptions,
  makeAuthority,
  makeCertificate,
  makeCrl,
  makeKeys,
  testTime,
  withByteChanged,
} from '../support/certificates.ts'
import { actor, requestFor, TestConsole } from '../support/fleet-authority.ts'
import { temporaryFolder } from '../support/folder.ts'

const run = promisify(execFile)
const day = 24 * 60 * 60 * 1000

let folder: string

beforeEach(() => {
  folder = temporaryFolder()
})

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

/** What openssl says of a certificate: `OK`, or its error text. */
async function judge(
  certificate: Uint8Array,
  root: Uint8Array,
  crl: Uint8Array,
  at: number,
  purpose = 'sslclient',
): Promise<string> {
  const anchors = write('root.pem', pemText('CERTIFICATE', root))
  const list = write('list.pem', pemText('X509 CRL', crl))
  const leaf = write('leaf.pem', pemText('CERTIFICATE', certificate))
  const seconds = Math.floor(at / 1000).toString()
  const options = [
    '-x509_strict',
    '-crl_check',
    '-check_ss_sig',
    '-no-CAstore',
    '-no-CApath',
    '-attime',
    seconds,
  ]
  try {
    const { stdout } = await run('openssl', [
      'verify',
      ...options,
      '-purpose',
      purpose,
      '-CAfile',
      anchors,
      '-CRLfile',
      list,
      leaf,
    ])
    return stdout.trim().endsWith(': OK') ? 'OK' : stdout
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr)
  }
}

describe.each<AuthorityAlgorithm>(['ECDSA-P384', 'RSA-4096'])('what a %s authority issues', (algorithm) => {
  it('satisfies openssl, strictly, until it is revoked', async () => {
    const { authority, token, clock, desk, fleet } = new TestConsole()
    const names = { commonName: 'Fleet Root, "über" #1', organization: 'Raumfahrt & Söhne', validYears: 30 }
    await authority.create({ ...names, algorithm }, token, actor)
    const root = authority.trustAnchor
    const { pem } = await requestFor('chaser-001')
    const { id } = await desk.submit(pem, '127.0.0.1')
    await desk.approve(id, token, actor)
    const agent = authority.currentCertificate({ agentId: 'chaser-001' })?.der ?? Buffer.alloc(0)
    const gateway = await authority.issueGateway(
      (await generateIdentity()).spki,
      ['gateway.example'],
      token,
      actor,
    )
    const unspecified = await authority.issueConsole((await generateIdentity()).spki, token, actor)

    const verdict = (der: Buffer, purpose?: string) => judge(der, root, authority.crl, clock.now(), purpose)
    expect(await verdict(agent)).toBe('OK')
    expect(await verdict(agent, 'sslserver')).toBe('OK')
    expect(await verdict(gateway.der, 'sslserver')).toBe('OK')
    expect(await verdict(gateway.der, 'sslclient')).toContain('unsuitable certificate purpose')

    await fleet.declareCompromised('chaser-001', 'chaser-001', 'lost contact', token, actor)
    await authority.revoke(unspecified.serial, 'unspecified', token, actor)
    expect(await verdict(agent)).toContain('certificate revoked')
    expect(await verdict(unspecified.der)).toContain('certificate revoked')
    expect(await verdict(gateway.der, 'sslserver')).toBe('OK')

    const { stdout } = await run('openssl', ['crl', '-noout', '-text', '-in', join(folder, 'list.pem')])
    expect(stdout).toMatch(/X509v3 CRL Number:\s+3\s/)
    expect(stdout).toContain('X509v3 Authority Key Identifier')
    expect(stdout.match(/Key Compromise/g)).toHaveLength(1)
    expect(stdout.match(/Invalidity Date/g)).toHaveLength(2)
  })
})

describe('certificates that openssl reads', () => {
  it('have the names, usages and constraints of their profile', async () => {
    const { authority, token } = await new TestConsole().withAuthority()
    const { pem } = await authority.issueGateway(
      (await generateIdentity()).spki,
      ['gateway.example'],
      token,
      actor,
    )
    const text = async (file: string): Promise<string> =>
      (await run('openssl', ['x509', '-noout', '-text', '-in', file])).stdout
    const gateway = await text(write('gateway.pem', pem))
    expect(gateway).toMatch(/Basic Constraints: critical\s+CA:FALSE/)
    expect(gateway).toMatch(/Key Usage: critical\s+Digital Signature\s/)
    expect(gateway).toMatch(/Extended Key Usage: *\s+TLS Web Server Authentication\s/)
    expect(gateway).toContain(
      'URI:urn:groundlock:gateway:gateway, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:gateway.example',
    )
    const root = await text(write('root.pem', authority.trustAnchorPem))
    expect(root).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
    expect(root).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/)
    expect(root).toContain('X509v3 Subject Key Identifier')
  })

  it('include the certification requests that agents make', async () => {
    const { pem } = await requestFor('chaser-001')
    const { stderr } = await run('openssl', ['req', '-verify', '-noout', '-in', write('chaser.csr', pem)])
    expect(stderr).toContain('verify OK')
  })
})

describe('requests that openssl makes', () => {
  const request = async (subject: string, san: string): Promise<string> => {
    const file = join(folder, 'made.csr')
    const key = join(folder, 'made.key')
    await run('openssl', [
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-384',
      '-nodes',
      '-keyout',
      key,
      '-out',
      file,
      '-subj',
      subject,
      '-addext',
      `subjectAltName=${san}`,
    ])
    return (await run('cat', [file])).stdout
  }

  it('are enrolled like those of our own agents', async () => {
    const console = await new TestConsole().withAuthority()
    const pem = await request('/CN=observer-001', 'URI:urn:groundlock:observer:observer-001')
    const { id } = await console.desk.submit(pem, '127.0.0.1')
    await console.desk.approve(id, console.token, actor)
    expect(console.fleet.read('observer-001')).toMatchObject({ profile: 'observer', verdict: 'trusted' })
  })

  it('are refused for names that are not allowed', async () => {
    const { desk } = await new TestConsole().withAuthority()
    const pem = await request('/CN=observer-001', 'DNS:observer-001')
    await expect(desk.submit(pem, '127.0.0.1')).rejects.toMatchObject({ code: 'name_not_allowed' })
  })
})

describe('our validator and openssl', () => {
  const critical = new Extension('1.2.3.4', true, new Uint8Array([5, 0]))
  const cases: [
    string,
    { leaf?: LeafOptions; crl?: Parameters<typeof makeCrl>[1]; tamper?: boolean; otherRoot?: boolean },
  ][] = [
    ['a sound certificate', {}],
    ['an expired one', { leaf: { notBefore: testTime - 2 * day, notAfter: testTime - day } }],
    ['one that is not valid yet', { leaf: { notBefore: testTime + day } }],
    // Not "this second": RFC 5280 section 4.1.2.5 includes the last one, openssl does not.
    ['one that ends in a second', { leaf: { notAfter: testTime + 1000 } }],
    ['a revoked one', { leaf: { serial: '42' }, crl: { serials: ['42'] } }],
    ['one beside a revoked one', { leaf: { serial: '43' }, crl: { serials: ['42'] } }],
    ['one that was altered', { tamper: true }],
    ['one of another authority with our name', { otherRoot: true }],
    ['one with an unknown critical extension', { leaf: { extra: [critical] } }],
    ['one for servers only', { leaf: { purposes: [ExtendedKeyUsage.serverAuth] } }],
    ['one whose key may not sign', { leaf: { keyUsage: KeyUsageFlags.dataEncipherment } }],
    ['one with an overdue list', { crl: { nextUpdate: testTime - 1000 } }],
    ['one with a list dated ahead', { crl: { thisUpdate: testTime + day } }],
  ]

  it.each(cases)('agree on %s', async (_name, { leaf, crl, tamper, otherRoot }) => {
    const kinds = ['P-384', 'P-256', 'RSA-2048'] as const
    for (const kind of kinds) {
      const root = await makeAuthority({ keys: await makeKeys(kind) })
      const issuer = otherRoot === true ? await makeAuthority({ keys: await makeKeys(kind) }) : root
      const made = (await makeCertificate(issuer, leaf)).certificate
      const certificate = tamper === true ? withByteChanged(made) : made
      const list = await makeCrl(root, crl)
      const ours = validateCertificate({
        certificate,
        trustAnchors: [root.certificate],
        crl: list,
        at: testTime,
        usage: 'client',
        requireFreshCrl: true,
      })
      const theirs = await judge(certificate, root.certificate, list, testTime)
      expect({ kind, valid: ours.isValid, why: theirs }).toMatchObject({ kind, valid: theirs === 'OK' })
    }
  })
})
