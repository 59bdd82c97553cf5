import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#core/clock.ts'
import { loadConfiguration } from '#core/configuration.ts'
import { createConsole } from '#core/console.ts'
import { pemText } from '#core/crypto/pem.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { openDataFolder } from '#core/data-folder.ts'
import { makeAuthority, makeCertificate } from '../support/certificates.ts'
import { eventually } from '../support/eventually.ts'
import { LiveFleet, refusedLink, sessionWith } from '../support/live-fleet.ts'

test('an agent that was killed comes back into all its sessions, also those that others keep with it', async () => {
  const fleet = await LiveFleet.withAgents(['chaser-001', 'target-station'])
  const target = await fleet.joined('target-station')
  const chaser = await fleet.joined('chaser-001', 'target-station')
  await fleet.deliver('chaser-001', 'target-station', 1)

  // The one who began the session is killed.
  let from = target.lines.length
  await chaser.stop('SIGKILL')
  await fleet.joined('chaser-001', 'target-station')
  await sessionWith(target, 'chaser-001', from)
  await fleet.deliver('chaser-001', 'target-station', 2)
  await fleet.deliver('target-station', 'chaser-001', 3)

  // The one who was asked is killed: the other one notices and begins a new session.
  const again = fleet.agent('chaser-001')
  from = again.lines.length
  await target.stop('SIGKILL')
  const restarted = await fleet.joined('target-station')
  await sessionWith(again, 'target-station', from)
  await fleet.deliver('chaser-001', 'target-station', 4)
  await fleet.deliver('target-station', 'chaser-001', 5)

  const received = [...target.lines, ...restarted.lines].filter(({ event }) => event === 'message')
  expect(received.map(({ message }) => (message as { number: number }).number)).toEqual([1, 2, 4])
  const sequences = received.map(({ sequence }) => Number(sequence))
  expect(new Set(sequences).size).toBe(sequences.length)
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b))

  await eventually(async () => {
    const open = (await fleet.call('session.list', {})).filter(({ state }) => state !== 'closed')
    expect(open.map(({ initiator, responder }) => [initiator, responder].sort().join(' ')).sort()).toEqual([
      'chaser-001 ground-station',
      'chaser-001 target-station',
      'ground-station target-station',
    ])
  })
})

test('an agent keeps the session with a peer that went politely and came back', async () => {
  const fleet = await LiveFleet.withAgents(['chaser-001', 'target-station'])
  const target = await fleet.joined('target-station')
  const chaser = await fleet.joined('chaser-001', 'target-station')
  const from = chaser.lines.length
  expect(await target.stop('SIGTERM')).toBe(0)
  await chaser.line(
    'end of the session',
    ({ event, peer }) => event === 'closed' && peer === 'target-station',
    { from },
  )
  const ended = chaser.lines.length
  await fleet.joined('target-station')
  await sessionWith(chaser, 'target-station', ended)
})

test('of two processes of one agent the newer has the connection, and the older says why it lost it', async () => {
  const fleet = await LiveFleet.withAgents(['chaser-001', 'target-station'])
  await fleet.joined('target-station')
  const older = await fleet.joined('chaser-001')
  cpSync(fleet.agentFolder('chaser-001'), fleet.agentFolder('copy'), {
    recursive: true,
    filter: (source) => !/\.(sock|lock)$/.test(source) && !source.endsWith('agent.lock'),
  })
  const newer = fleet.runAgent('copy')
  await sessionWith(newer, 'ground-station')
  expect(await refusedLink(older)).toMatch(/^conflict: /)
  await fleet.deliver('copy', 'target-station', 1)
  const shown = (await fleet.call('fleet.list', {})).find(({ agentId }) => agentId === 'chaser-001')
  expect(shown?.connected).toBe(true)
})

test('a certificate of another agent, of another CA, or none of this key is refused, each with its own words', async () => {
  const fleet = await LiveFleet.withAgents(['chaser-001', 'observer-001'])
  const file = (name: string, what: string): string => join(fleet.agentFolder(name), what)
  const settings = JSON.parse(readFileSync(file('observer-001', 'agent.json'), 'utf8')) as object
  const pretend = (name: string, agentId: string): void => {
    cpSync(fleet.agentFolder('observer-001'), fleet.agentFolder(name), { recursive: true })
    writeFileSync(file(name, 'agent.json'), JSON.stringify({ ...settings, agentId }))
  }

  // observer-001's own key and certificate under the name of chaser-001.
  pretend('impostor', 'chaser-001')
  expect(await refusedLink(fleet.runAgent('impostor'))).toMatch(/^certificate_identity_mismatch: /)
  await fleet.audited(
    ({ type, detail }) =>
      type === 'CONNECTION_REFUSED' && JSON.stringify(detail).includes('identity_mismatch'),
  )

  // A certificate for chaser-001, sound in every way, of a CA that is not the fleet's.
  const foreign = await makeAuthority({ notBefore: Date.now() - 1000, notAfter: Date.now() + 1e9 })
  const { certificate, keys } = await makeCertificate(foreign, {
    agentId: 'chaser-001',
    notBefore: Date.now() - 1000,
    notAfter: Date.now() + 1e9,
  })
  pretend('foreigner', 'chaser-001')
  writeFileSync(file('foreigner', 'certificate.pem'), pemText('CERTIFICATE', certificate))
  writeFileSync(file('foreigner', 'identity.key'), pemText('PRIVATE KEY', await keys.pkcs8()))
  expect(await refusedLink(fleet.runAgent('foreigner'))).toMatch(/^certificate_untrusted: /)

  // chaser-001's certificate, which everybody may know, with a key of somebody else.
  pretend('thief', 'chaser-001')
  cpSync(file('chaser-001', 'certificate.pem'), file('thief', 'certificate.pem'))
  const thief = fleet.runAgent('thief')
  expect(await thief.exited).not.toBe(0)
  expect(`${JSON.stringify(thief.lines)} ${thief.errors}`).toMatch(/certificate_invalid/)

  // Nobody else is affected.
  await fleet.joined('chaser-001')
})

test('an expired certificate is refused as such, with the console’s clock as the judge', async () => {
  const fleet = await LiveFleet.withAgents(['chaser-001'])
  await fleet.console?.stop()

  // The same console a year later: the gateway's own certificate is good for another month.
  const later = 366 * 24 * 3600 * 1000
  const dataFolder = openDataFolder(fleet.consoleFolder)
  const engine = createConsole({
    dataFolder,
    configuration: loadConfiguration(dataFolder.configurationFile),
    clock: {
      now: () => Date.now() + later,
      after: (milliseconds, task) => systemClock.after(milliseconds, task),
    },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    random: platformRandom,
  })
  onTestFinished(async () => {
    await engine.stop()
    dataFolder.release()
  })
  await engine.start()
  const reply = await engine.dispatcher.call('test', 'access.signIn', { pin: fleet.pin })
  expect(reply).toMatchObject({ ok: true, value: { gateway: { state: 'listening' } } })

  expect(await refusedLink(fleet.runAgent('chaser-001'))).toMatch(/^certificate_expired: /)
  const shown = (await engine.dispatcher.call('test', 'fleet.list', {})) as {
    ok: true
    value: { agentId: string; verdict: string }[]
  }
  expect(shown.value.find(({ agentId }) => agentId === 'chaser-001')?.verdict).not.toBe('trusted')
})
