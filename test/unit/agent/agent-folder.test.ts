import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AgentFolder, certificateDer, certificatePem } from '#core/agent/agent-folder.ts'
import { temporaryFolder } from '../../support/folder.ts'

const settings = { agentId: 'chaser-001', profile: 'spacecraft', gateway: 'https://127.0.0.1:7443' } as const

function makeFolder() {
  const path = join(temporaryFolder(), 'agent')
  return { path, folder: AgentFolder.open(path), file: (name: string) => join(path, name) }
}

describe('the folder of an agent', () => {
  it('is the agent’s alone, also where it was open to others before', () => {
    const path = join(temporaryFolder(), 'agent')
    mkdirSync(path)
    chmodSync(path, 0o755)
    AgentFolder.open(path)
    expect(statSync(path).mode & 0o777).toBe(0o700)
  })

  it('has nothing before the enrolment', () => {
    const { folder } = makeFolder()
    expect([
      folder.settings(),
      folder.readKey(),
      folder.certificate(),
      folder.trustAnchor(),
      folder.crl(),
    ]).toEqual([null, null, null, null, null])
  })

  it('gives back what was written, the key in a file of mode 0600, and leaves no other file', () => {
    const { folder, file, path } = makeFolder()
    const key = Buffer.from('a key that is none')
    folder.writeSettings(settings)
    folder.writeKey(key)
    folder.writeCertificate(certificatePem(Buffer.from('certificate')))
    folder.writeTrustAnchor(certificatePem(Buffer.from('root')))
    folder.writeCrl(Buffer.from('list'))
    expect(folder.settings()).toEqual(settings)
    expect(folder.readKey()).toEqual(key)
    expect(certificateDer(folder.certificate()!)).toEqual(Buffer.from('certificate'))
    expect(certificateDer(folder.trustAnchor()!)).toEqual(Buffer.from('root'))
    expect(folder.crl()).toEqual(Buffer.from('list'))
    expect(statSync(file('identity.key')).mode & 0o777).toBe(0o600)
    expect(readdirSync(path).sort()).toEqual([
      'agent.json',
      'certificate.pem',
      'crl.der',
      'identity.key',
      'trust-anchor.pem',
    ])
  })

  it('forgets a refused identity and keeps what it knows of the fleet', () => {
    const { folder } = makeFolder()
    folder.writeKey(Buffer.from('key'))
    folder.writeTrustAnchor('root')
    folder.forgetIdentity()
    expect(folder.readKey()).toBe(null)
    expect(folder.trustAnchor()).toBe('root')
  })

  it.each([
    ['no JSON', '{', /not JSON/],
    ['a name that is none', JSON.stringify({ ...settings, agentId: 'Chaser 001' }), /agentId/],
    ['no gateway', JSON.stringify({ agentId: 'chaser-001', profile: 'spacecraft' }), /gateway/],
    ['an unknown profile', JSON.stringify({ ...settings, profile: 'pirate' }), /profile/],
    ['a list', '[]', /agent\.json/],
  ])('says what is wrong with settings that are %s', (_, text, problem) => {
    const { folder, file } = makeFolder()
    writeFileSync(file('agent.json'), text)
    expect(() => folder.settings()).toThrow(problem)
    expect(() => folder.settings()).toThrow(expect.objectContaining({ code: 'configuration_invalid' }))
  })

  it.each([
    '',
    'no PEM',
    '-----BEGIN PRIVATE KEY-----\nAAAA',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  ])('refuses a key file that holds no key: %j', (text) => {
    const { folder, file } = makeFolder()
    writeFileSync(file('identity.key'), text)
    expect(() => folder.readKey()).toThrow(expect.objectContaining({ code: 'token_damaged' }))
  })

  it('does not read files of any size', () => {
    const { folder, file } = makeFolder()
    writeFileSync(file('crl.der'), Buffer.alloc(1024 * 1024 + 1))
    expect(() => folder.crl()).toThrow(/larger than/)
  })

  it('says that a folder cannot be had where a file is in its place', () => {
    const path = join(temporaryFolder(), 'agent')
    writeFileSync(path, '')
    expect(() => AgentFolder.open(path)).toThrow()
    const loop = join(temporaryFolder(), 'loop')
    symlinkSync(loop, loop)
    expect(() => AgentFolder.open(loop)).toThrow()
  })
})
