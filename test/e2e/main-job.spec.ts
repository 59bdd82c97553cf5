import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, type Locator, test } from '@playwright/test'
import { DemoFleet } from '../../scripts/demo/fleet.ts'
import { groundlock } from '../../scripts/demo/processes.ts'
import {
  agents,
  badRequestCodes,
  dockingApproval,
  dockingRequest,
  drills,
  submitBadRequests,
} from '../../scripts/demo/scenario.ts'
import { copyCommand, requestEnrolment, withOptions } from './support/enrolment.ts'
import { inspect } from './support/inspection.ts'
import { operator, Screen } from './support/screen.ts'
import { WatchedPage } from './support/watched-page.ts'
import { WebHost } from './support/web-host.ts'

/**
 * The main job as its operator does it: the real screen in a real browser, the real engine behind it, agents that are
 * processes of their own. The steps build on each other, so the first that fails ends the run.
 */
test.describe.configure({ mode: 'serial' })

const fleet = new DemoFleet()
let gatewayPort: number
let host: WebHost
let watched: WatchedPage
let screen: Screen
let commands: Record<string, string[]>

test.beforeAll(async ({ browser }) => {
  gatewayPort = await fleet.prepare({ idle_lock_seconds: 0 })
  host = await WebHost.start(fleet.consoleFolder)
  watched = await WatchedPage.open(browser)
  await watched.context.grantPermissions(['clipboard-read', 'clipboard-write'])
  screen = new Screen(watched.page)
})

test.afterAll(async () => {
  await watched.context.close()
  await host.stop()
  await fleet.stop()
})

test.afterEach(() => {
  expect.soft(watched.problems, 'what the browser complained about').toEqual([])
})

test('1. the set-up wizard creates the token, labelled as software protection', async () => {
  await screen.page.goto(host.url)
  await expect(screen.heading('Set up this console')).toBeVisible()
  await inspect(screen.page, 'setup-welcome')
  await screen.button('Begin set-up').click()
  await expect(screen.page.getByText('Software protection', { exact: true })).toBeVisible()
  await inspect(screen.page, 'setup-token')
  await screen.page.reload()
  await screen.createToken(fleet)
  await inspect(screen.page, 'setup-authority')
})

test('2. a wrong PIN says how many tries are left; the right one signs in', async () => {
  await screen.button('Sign out').click()
  await expect(screen.heading('Sign in')).toBeVisible()
  await screen.signIn('000000')
  await expect(screen.page.getByRole('alert').filter({ hasText: '9 tries are left' })).toBeVisible()
  await inspect(screen.page, 'sign-in-refused')
  await screen.signIn(fleet.pin)
  await expect(screen.heading('Create the fleet’s root CA')).toBeVisible()
})

test('3. the root CA is created on the token', async () => {
  await screen.createAuthority()
  commands = {}
  for (const [name] of agents) commands[name] = await copyCommand(screen.page, name)
  await inspect(screen.page, 'setup-agents')
  await screen.button('Open the console').click()
  await expect(screen.heading('Fleet trust')).toBeVisible()
  await expect(screen.page.getByText('Proximity Fleet Root CA', { exact: true })).toBeVisible()
  await expect(screen.row('Agents', 'ground-station', 'Trusted')).toBeVisible()
  await inspect(screen.page, 'fleet-new')
  await screen.open('Settings')
  const token = screen.page.getByRole('region', { name: 'Token and root CA' })
  await expect(token).toContainText('ECDSA-P384, software protection, not exportable')
})

test('4. agents enrol with the commands on the screen; the operator compares fingerprints', async () => {
  await screen.open('Fleet trust')
  const tug = withOptions(commands['chaser-001']!, { '--name': 'tug-007' })
  const requests = await Promise.all(
    [...agents.map(([name]) => [name, commands[name]!] as const), ['tug-007', tug] as const].map(
      async ([name, command]) => {
        const own = withOptions(command, { '--data-dir': fleet.agentFolder(name) })
        return { name, ...(await requestEnrolment(name, own)) }
      },
    ),
  )
  for (const { name, fingerprint } of requests) {
    const shown = screen.page.getByLabel(`Fingerprint of ${name}`)
    await expect(shown).toBeVisible()
    expect((await shown.innerText()).replaceAll(/\s/g, '')).toBe(fingerprint)
  }
  await inspect(screen.page, 'fleet-pending')

  const [refused] = requests.splice(-1)
  await screen.button('Refuse tug-007').click()
  const dialog = screen.page.getByRole('dialog', { name: 'Refuse tug-007' })
  await expect(dialog.getByRole('button', { name: 'Refuse request' })).toBeDisabled()
  await dialog.getByLabel('Reason').fill('Not in the flight plan')
  await inspect(screen.page, 'refuse-dialog')
  await dialog.getByRole('button', { name: 'Refuse request' }).click()
  await expect(dialog).toBeHidden()
  expect(await refused!.process.exited).toBe(1)
  expect(JSON.stringify(refused!.process.lines)).toContain('Not in the flight plan')

  for (const { name, process } of requests) {
    await screen.button(`Approve ${name}`).click()
    await expect(screen.row('Agents', name, 'Trusted')).toBeVisible()
    expect(await process.exited, process.errors).toBe(0)
  }
  await expect(screen.row('Agents', 'tug-007')).toHaveCount(0)

  const root = readFileSync(join(fleet.agentFolder('chaser-001'), 'trust-anchor.pem'), 'utf8')
  const answers = await submitBadRequests(gatewayPort, root)
  expect(answers.map(({ code }) => code)).toEqual(badRequestCodes)
  expect(new Set(answers.map(({ message }) => message)).size).toBe(badRequestCodes.length)
})

test('5. agents connect and establish sessions at level high', async () => {
  fleet.runAgent('chaser-001', '--peer', 'target-station')
  fleet.runAgent('target-station', '--docking-port', 'port-alpha')
  fleet.runAgent('observer-001', '--peer', 'chaser-001')
  for (const [name] of agents) await expect(screen.row('Agents', name, 'Connected')).toBeVisible()
  await screen.open('Sessions')
  for (const pair of [
    ['chaser-001', 'target-station'],
    ['observer-001', 'chaser-001'],
    ['ground-station', 'chaser-001'],
    ['ground-station', 'target-station'],
    ['ground-station', 'observer-001'],
  ]) {
    const session = screen.row('Sessions', ...pair)
    await expect(session).toContainText('Active')
    await expect(session).toContainText('high')
    await expect(session).toContainText('ECDHE-P384 / HKDF-SHA384 / AES-256-GCM')
    await expect(session.getByTitle('Forward secrecy', { exact: true })).toBeVisible()
  }
  await expect(screen.page.getByText('5 open')).toBeVisible()
  await inspect(screen.page, 'sessions-open')
})

test('6. the docking request and its answer pass, end to end encrypted', async () => {
  expect(await dock()).toMatchObject({ code: 0, answer: { reply: dockingApproval } })
  const request = screen.row('Messages', 'chaser-001 → target-station', 'docking_request')
  await expect(request).toContainText('Accepted')
  await expect(request.getByRole('cell').nth(3)).toHaveText('3')
  const response = screen.row('Messages', 'target-station → chaser-001', 'docking_response')
  await expect(response).toContainText('Accepted')
})

test('7. keys rotate at once, for one session and for all, and on a timer', async () => {
  const docking = screen.row('Sessions', 'chaser-001 → target-station')
  await expect(version(docking)).toContainText('v1 for')
  await screen.button('Rotate key of chaser-001 and target-station').click()
  await expect(screen.page.getByText(/^chaser-001 – target-station: rotated, key version 2\./)).toBeVisible()
  await expect(version(docking)).toContainText('v2 for')

  const [, ...sent] = await Promise.all([
    screen.button('Rotate all keys').click(),
    ...[0, 1, 2, 3].map((number) => fleet.send('chaser-001', 'target-station', 'telemetry', { number })),
  ])
  expect(sent.map(({ code }) => code)).toEqual([0, 0, 0, 0])
  await expect(screen.page.getByText(/^5 of 5 sessions rotated\./)).toBeVisible()
  await expect(version(docking)).toContainText('v3 for')
  await expect(screen.row('Messages', 'telemetry', 'Accepted')).toHaveCount(4)

  await fleet.agent('observer-001').stop()
  fleet.runAgent('observer-001', '--peer', 'chaser-001', '--rotation-interval', '2')
  await screen.open('Rotation schedule')
  const timed = screen.row('Rotations', 'observer-001 – chaser-001', 'Rotated', 'Timer')
  await expect(timed.first()).toBeVisible()
  await expect(screen.row('Rotations', 'Rotated', 'Operator')).toHaveCount(6)
  await inspect(screen.page, 'rotation')
})

/** What the screen calls the verdicts on the three drills. */
const verdicts = ['Duplicate', 'Altered', 'Stale']

test('8. replayed, altered and late messages are refused, each with its own verdict', async () => {
  await screen.open('Sessions')
  for (const [kind] of drills) {
    const folder = fleet.agentFolder('chaser-001')
    const drill = ['agent', 'drill', kind, '--data-dir', folder, '--to', 'target-station']
    expect(await groundlock(drill)).toMatchObject({ code: 0 })
  }
  for (const title of verdicts) {
    const refused = screen.row('Messages', 'chaser-001 → target-station', `Refused: ${title}`)
    await expect(refused).toContainText('by target-station')
  }
  await expect(screen.row('Sessions', 'chaser-001 → target-station')).toContainText('3 refused')
  const alarms = screen.page.getByRole('region', { name: 'Alarms' })
  for (const title of ['Duplicate', 'Altered'])
    await expect(alarms).toContainText(new RegExp(`Message refused: chaser-001 → target-station\\s*${title}`))
  await inspect(screen.page, 'sessions-refused')

  await screen.open('Audit log')
  await screen.field('Type').selectOption({ label: 'Message refused' })
  for (const title of verdicts) {
    const record = screen.row('Audit records', 'Message refused', `verdict: ${title}`)
    await expect(record).toHaveCount(1)
  }
  await screen.row('Audit records', 'verdict: Stale').click()
  await expect(screen.page.getByRole('region', { name: 'Audit record' })).toContainText('MESSAGE_REFUSED')
  await inspect(screen.page, 'audit-record')
  await screen.button('Clear filters').click()
})

test('9. an agent that is declared compromised is cut off', async () => {
  await screen.open('Fleet trust')
  await screen.button('observer-001').click()
  const details = screen.page.getByRole('region', { name: 'Details of observer-001' })
  await expect(details.getByText('Revocation: passed')).toBeVisible()
  await inspect(screen.page, 'fleet-detail')
  await details.getByRole('button', { name: 'Declare compromised' }).click()
  const dialog = screen.page.getByRole('dialog', { name: 'Declare observer-001 compromised' })
  const declare = dialog.getByRole('button', { name: 'Declare compromised' })
  await dialog.getByLabel('Reason').fill('Key seen on an untrusted machine')
  await dialog.getByLabel('Type observer-001 to confirm').fill('chaser-001')
  await expect(declare).toBeDisabled()
  await dialog.getByLabel('Type observer-001 to confirm').fill('observer-001')
  await inspect(screen.page, 'compromise-dialog')
  const chaser = fleet.agent('chaser-001')
  const from = chaser.lines.length
  await declare.click()
  await expect(dialog).toBeHidden()
  await expect(screen.row('Agents', 'observer-001', 'Compromised', 'revoked')).toBeVisible()
  await expect(details).toContainText('Key seen on an untrusted machine')
  await expect(details.getByText('Revocation: failed')).toBeVisible()
  await expect(screen.page.getByText(/CRL 2 with 1 entry/)).toBeVisible()

  const observer = fleet.agent('observer-001')
  await observer.line(
    'the end of its session',
    ({ event, peer }) => event === 'closed' && peer === 'chaser-001',
  )
  await chaser.line(
    'the end of the session with observer-001',
    ({ event, peer }) => event === 'closed' && peer === 'observer-001',
    { from },
  )
  await observer.stop()
  const refused = await fleet
    .runAgent('observer-001')
    .line('the refused connection', ({ event, state }) => event === 'link' && state === 'refused')
  expect(refused['reason']).toMatch(/^certificate_revoked/)
  await expect(screen.row('Agents', 'observer-001', 'Not connected')).toContainText(/connections? refused/)
  await inspect(screen.page, 'fleet-compromised')
  await screen.open('Sessions')
  await expect(screen.row('Sessions', 'observer-001')).toHaveCount(0)
  await expect(screen.page.getByText('3 open')).toBeVisible()
})

test('10. everything is in the audit log and survives kill -9 of the console', async () => {
  await screen.open('Audit log')
  for (const [what, subject] of [
    ['Agent compromised', 'observer-001'],
    ['Certificate revoked', 'observer-001'],
    ['Enrolment refused', 'tug-007'],
  ] as const) {
    await screen.field('Type').selectOption({ label: what })
    await expect(screen.row('Audit records', what, operator).filter({ hasText: subject })).toHaveCount(1)
  }
  await screen.button('Clear filters').click()
  const before = await verifiedRecords()
  await inspect(screen.page, 'audit-verified')
  const lastSequence = greatestSequence()

  const running = ['chaser-001', 'target-station'].map((name) => fleet.agent(name))
  const marks = running.map(({ lines }) => lines.length)
  await watched.duringOutage(async () => {
    await host.stop('SIGKILL')
    await expect(screen.page.getByText('Connection to the engine lost.')).toBeVisible()
    await inspect(screen.page, 'engine-lost')
    host = await WebHost.start(fleet.consoleFolder, host.port)
    await screen.page.goto(host.url)
    await expect(screen.heading('Sign in')).toBeVisible()
  })
  await screen.signIn(fleet.pin)
  await screen.open('Fleet trust')
  await expect(screen.row('Agents', 'observer-001', 'Compromised')).toBeVisible()
  for (const [index, agent] of running.entries()) {
    await agent.line(
      'a new session with the console',
      ({ event, peer }) => event === 'session' && peer === 'ground-station',
      { from: marks[index], seconds: 60 },
    )
    await expect(screen.row('Agents', agent.name, 'Trusted', 'Connected')).toBeVisible()
  }
  await screen.open('Audit log')
  expect(await verifiedRecords()).toBeGreaterThan(before)

  expect(await dock()).toMatchObject({ code: 0, answer: { reply: dockingApproval } })
  expect(greatestSequence()).toBeGreaterThan(lastSequence)
  await screen.open('Sessions')
  await expect(screen.row('Messages', 'docking_request', 'Accepted')).not.toHaveCount(0)
  await screen.open('Settings')
  await inspect(screen.page, 'settings')
  await screen.open('Fleet trust')
  await inspect(screen.page, 'fleet-restarted')
  await screen.page.setViewportSize({ width: 1024, height: 768 })
  await screen.button('Live audit').click()
  await expect(screen.page.getByRole('complementary', { name: 'Live audit' })).toContainText(
    'Message accepted',
  )
  await inspect(screen.page, 'live-audit')
  await screen.button('Lock').click()
  await expect(screen.heading('Console locked')).toBeVisible()
})

const version = (session: Locator): Locator => session.getByRole('cell').nth(2)

const dock = (): ReturnType<DemoFleet['send']> =>
  fleet.send(
    'chaser-001',
    'target-station',
    'docking_request',
    dockingRequest,
    '--priority',
    '3',
    '--reply',
    'docking_response',
  )

/** The greatest sequence number that the target accepted. */
const greatestSequence = (): number =>
  Math.max(...fleet.agent('target-station').lines.map((line) => Number(line['sequence'] ?? 0)))

/** Verifies the chain on the screen. @returns how many records it has */
async function verifiedRecords(): Promise<number> {
  const verify = screen.button('Verify chain')
  await verify.click()
  await expect(verify).toBeEnabled()
  const intact = screen.page.getByText(/^Chain intact/)
  await expect(intact).toBeVisible()
  return Number(/\d[\d\s]*/.exec(await intact.innerText())![0].replaceAll(/\s/g, ''))
}
