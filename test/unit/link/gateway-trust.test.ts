import { describe, expect, it } from 'vitest'
import { Backoff } from '#core/link/backoff.ts'
import {
  checkGatewayIdentity,
  explainFailure,
  fleetContext,
  gatewayAddress,
} from '#core/link/gateway-trust.ts'
import { type LeafOptions, makeAuthority, makeCertificate } from '../../support/certificates.ts'

const code = (expected: string): Error => expect.objectContaining({ code: expected }) as Error

describe('gatewayAddress', () => {
  it.each(['https://127.0.0.1:7443', 'https://localhost', 'https://[::1]:7443/'])('takes %s', (text) => {
    expect(gatewayAddress(text).protocol).toBe('https:')
  })
  it.each([
    '',
    '127.0.0.1:7443',
    'http://127.0.0.1:7443',
    'wss://x',
    'https://a/b',
    'https://u:p@a',
    'https://a/?q',
    'https://a/#f',
  ])('refuses %s', (text) => {
    expect(() => gatewayAddress(text)).toThrow(code('invalid_input'))
  })
})

describe('checkGatewayIdentity', () => {
  const gateway = 'urn:groundlock:gateway:gateway'
  const made = async (options: LeafOptions): Promise<Buffer> =>
    (await makeCertificate(await makeAuthority(), options)).certificate

  it('knows the gateway by its one URI', async () => {
    const certificate = await made({
      agentId: 'gateway',
      uris: [gateway],
      hosts: [{ type: 'dns', value: 'localhost' }],
    })
    expect(checkGatewayIdentity(certificate)).toBeUndefined()
  })

  it.each([
    ['an agent whose name is a host name', { agentId: 'localhost' }],
    ['an agent called gateway', { agentId: 'gateway', profile: 'spacecraft' }],
    [
      'an agent with the gateway’s URI beside its own',
      { uris: ['urn:groundlock:spacecraft:chaser-001', gateway] },
    ],
    ['an agent that only has the gateway’s URI', { uris: [gateway], commonName: 'chaser-001' }],
    [
      'a URI inside a host name',
      { uris: [], commonName: 'gateway', hosts: [{ type: 'dns' as const, value: `x, URI:${gateway}, y` }] },
    ],
  ])('takes nobody else for it: %s', async (_, options) => {
    expect(checkGatewayIdentity(await made(options))).toMatchObject({ code: 'certificate_identity_mismatch' })
  })

  it('takes rubbish for nobody', () => {
    expect(checkGatewayIdentity(Buffer.from('rubbish'))).toMatchObject({
      code: 'certificate_identity_mismatch',
    })
  })
})

describe('explainFailure', () => {
  it.each([
    ['ECONNREFUSED', 'agent_unreachable'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate_untrusted'],
    ['CERT_HAS_EXPIRED', 'certificate_expired'],
    ['INVALID_PURPOSE', 'certificate_invalid'],
  ])('says %s as %s', (system, expected) => {
    expect(explainFailure(Object.assign(new Error('raw text'), { code: system }))).toMatchObject({
      code: expected,
    })
  })
  it('never passes raw text on', () => {
    expect(explainFailure(new Error('raw /path')).message).toBe('The gateway does not answer.')
    expect(explainFailure(undefined).message).toBe('The gateway does not answer.')
  })
})

it('fleetContext refuses what is no certificate', () => {
  const rubbish = { trustAnchor: 'x', certificate: 'x', key: Buffer.from('x') }
  expect(() => fleetContext(rubbish)).toThrow(code('certificate_invalid'))
})

describe('Backoff', () => {
  const random = (byte: number) => ({ bytes: (length: number) => Buffer.alloc(length, byte) })
  it('doubles to the longest wait, and begins again after a reset', () => {
    const backoff = new Backoff({ first: 100, longest: 1000, random: random(0xff) })
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000])
    backoff.reset()
    expect(backoff.next()).toBe(100)
  })
  it('spreads over the upper half', () => {
    const backoff = new Backoff({ first: 100, longest: 1000, random: random(0) })
    expect([backoff.next(), backoff.next()]).toEqual([50, 100])
  })
})
