import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { generateIdentity } from '#core/ca/csr.ts'
import { readCrl, validateCertificate } from '#core/ca/validation.ts'
import { SoftwareToken } from '#core/hsm/software-token.ts'
import { openConsoleDatabase } from '../support/console-database.ts'
import { killAfter } from '../support/crash/kill.ts'
import { actor, TestConsole } from '../support/fleet-authority.ts'
import { temporaryFolder } from '../support/folder.ts'
import { createToken, pin, tokenParts } from '../support/software-token.ts'

let vault: string
let database: string

beforeEach(() => {
  const folder = temporaryFolder()
  vault = join(folder, 'token.vault')
  database = join(folder, 'console.db')
})

const root = {
  algorithm: 'ECDSA-P384',
  commonName: 'Fleet Root',
  organization: 'Test Fleet',
  validYears: 10,
} as const

async function signedIn(): Promise<SoftwareToken> {
  const token = await SoftwareToken.open(vault, tokenParts)
  await token.login(pin())
  return token
}

describe('an authority on a software token', () => {
  it('signs again after a restart, with the key from the vault', async () => {
    const console = new TestConsole({ database: openConsoleDatabase(database) })
    const created = await createToken(vault)
    await created.login(pin())
    await console.authority.create(root, created, actor)
    await created.logout()

    const { authority, clock } = console.again()
    const token = await signedIn()
    const { spki } = await generateIdentity()
    const { der } = await authority.issueConsole(spki, token, actor)
    const question = {
      certificate: der,
      trustAnchors: [authority.trustAnchor],
      crl: authority.crl,
      at: clock.now(),
    }
    expect(validateCertificate({ ...question, usage: 'client', agentId: 'ground-station' }).isValid).toBe(
      true,
    )
    const [key] = await token.find({ label: 'fleet-root-ca' })
    expect(key?.attributes).toEqual({
      sensitive: true,
      extractable: false,
      neverExtractable: true,
      local: true,
    })
  })

  it('can do nothing while the token is logged out, and nothing with another token', async () => {
    const { authority } = new TestConsole({ database: openConsoleDatabase(database) })
    const token = await createToken(vault)
    await expect(authority.create(root, token, actor)).rejects.toMatchObject({ code: 'not_signed_in' })
    expect(authority.exists).toBe(false)
    await token.login(pin())
    await authority.create(root, token, actor)
    await token.logout()
    await expect(authority.renewCrl(token, actor)).rejects.toMatchObject({ code: 'not_signed_in' })
    const other = await createToken()
    await other.login(pin())
    await expect(authority.renewCrl(other, actor)).rejects.toMatchObject({ code: 'token_error' })
    expect(readCrl(authority.crl, authority.trustAnchor).number).toBe(1n)
  })
})

describe('a console that is killed', () => {
  it('keeps every act that was acknowledged, and no half of one', async () => {
    await createToken(vault)
    const printed = await killAfter(7, 'run-authority.ts', vault, database)
    const acknowledged = new Map(printed.map((line) => line.split(' ') as [string, string]))
    expect(acknowledged.size).toBeGreaterThanOrEqual(4)

    const console = new TestConsole({ database: openConsoleDatabase(database) })
    // The child ran on the real clock; the fake one has to stand inside the validity of what it made.
    console.clock.advance(Date.now() - console.clock.now())
    const { authority, fleet, desk, audit } = console
    for (const [agentId, verdict] of acknowledged) {
      const now = fleet.read(agentId).verdict
      // The last one may have gone a step further than it could say.
      expect([verdict, 'compromised']).toContain(now)
    }
    const list = readCrl(authority.crl, authority.trustAnchor)
    const agents = fleet.list()
    const compromised = agents.filter(({ compromisedAt }) => compromisedAt !== null)
    expect([...list.revoked.keys()].toSorted()).toEqual(
      compromised.map((one) => one.certificate?.serial).toSorted(),
    )
    expect(list.number).toBe(BigInt(1 + compromised.length))
    const approved = desk.list().filter(({ state }) => state === 'approved')
    expect(approved.map(({ agentId }) => agentId).toSorted()).toEqual(
      agents.map(({ agentId }) => agentId).toSorted(),
    )
    expect(agents.every(({ certificate }) => certificate !== null)).toBe(true)
    const types = console.recordTypes()
    const count = (type: string): number => types.filter((one) => one === type).length
    expect(count('CERTIFICATE_ISSUED')).toBe(agents.length)
    expect(count('AGENT_COMPROMISED')).toBe(compromised.length)
    expect(count('CRL_ISSUED')).toBe(1 + compromised.length)
    expect(await audit.verify()).toMatchObject({ intact: true, firstBad: null })

    // And it goes on where it stopped.
    await fleet.declareCompromised('agent-0', 'agent-0', 'lost contact', await signedIn(), actor)
    expect(readCrl(authority.crl, authority.trustAnchor).number).toBe(list.number + 1n)
  })
})
