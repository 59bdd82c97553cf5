import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ConsoleStatus } from '#shared/model/console.ts'
import { groundlock } from '../../scripts/demo/processes.ts'
import { LiveFleet } from '../support/live-fleet.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'

const gatewayState = (state: string) => (line: Record<string, unknown>) =>
  line['event'] === 'console.status' && (line['payload'] as ConsoleStatus).gateway.state === state

test('a port in use is said plainly, with the next step, and taken when it is free', async () => {
  const fleet = await LiveFleet.withAgents(['chaser-001'])
  const { gateway } = await fleet.call('console.status', {})
  await fleet.console?.stop()

  const squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(gateway.port, '127.0.0.1', resolve))
  onTestFinished(() => void squatter.close())
  await fleet.startConsole(false)
  const { gateway: failed, phase } = await fleet.call('console.status', {})
  expect(phase).toBe('signed_in')
  expect(failed).toMatchObject({ state: 'failed', port: gateway.port, connectedAgents: 0 })
  expect(failed.problem).toContain(String(gateway.port))
  expect(failed.problem).toMatch(/gateway_port|another port/)
  await fleet.audited(({ type, detail }) => type === 'GATEWAY_FAILED' && detail['code'] === 'port_in_use')

  const from = fleet.console!.lines.length
  await new Promise((resolve) => squatter.close(resolve))
  await fleet.console!.line('listening gateway', gatewayState('listening'), { from, seconds: 40 })
  expect((await fleet.call('console.status', {})).gateway).toMatchObject({
    state: 'listening',
    problem: null,
  })
  await fleet.joined('chaser-001')
  const { records } = await fleet.call('audit.list', { limit: 500, filter: {} })
  expect(records.filter(({ type }) => type === 'GATEWAY_FAILED')).toHaveLength(1)
})

describe('a console whose files are not good', () => {
  /** A console that ran once, and what a start on its folder says now. */
  async function stopped() {
    const fleet = await LiveFleet.withAgents([])
    await fleet.console?.stop()
    const file = (name: string): string => join(fleet.consoleFolder, name)
    const start = () =>
      groundlock(['console', '--data-dir', fleet.consoleFolder, '--pin-stdin'], `${fleet.pin}\n`)
    return { fleet, file, start }
  }

  test('says that the database is damaged, and leaves every byte of it', async () => {
    const { file, start } = await stopped()
    const database = file('groundlock.db')
    const sound = readFileSync(database)
    const descriptor = openSync(database, 'r+')
    for (let page = 4096; page < sound.length; page += 4096)
      writeSync(descriptor, Buffer.alloc(512, 0xa5), 0, 512, page)
    closeSync(descriptor)
    const damaged = readFileSync(database)
    const { code, errors, lines } = await start()
    expect(code).toBe(2)
    expect(`${errors}${JSON.stringify(lines)}`).toMatch(/database_damaged/)
    expect(`${errors}${JSON.stringify(lines)}`).toMatch(/backup/)
    expect(readFileSync(database).equals(damaged)).toBe(true)
    // The backup is put back, and the console works as before.
    writeFileSync(database, sound)
    for (const side of ['-wal', '-shm']) rmSync(`${database}${side}`, { force: true })
  })

  test('says that the database is of a newer version, and leaves it', async () => {
    const { file, start } = await stopped()
    const database = new Sqlite(file('groundlock.db'))
    const columns = database.pragma('table_info(schema_version)') as { name: string }[]
    expect(columns.length).toBeGreaterThan(0)
    database
      .prepare(`UPDATE schema_version SET ${columns.find(({ name }) => name === 'version')!.name} = 9999`)
      .run()
    database.close()
    const before = readFileSync(file('groundlock.db'))
    const { code, errors, lines } = await start()
    expect(code).toBe(2)
    expect(`${errors}${JSON.stringify(lines)}`).toMatch(/database_newer/)
    expect(readFileSync(file('groundlock.db')).equals(before)).toBe(true)
  })

  test('says that the vault is damaged, whichever way, and leaves it', async () => {
    const { fleet, file, start } = await stopped()
    const vault = file('token.vault')
    const sound = readFileSync(vault)
    copyFileSync(vault, join(fleet.folder, 'backup'))
    const edited = Buffer.from(sound)
    edited[sound.length - 40]! ^= 1
    for (const content of [
      Buffer.alloc(0),
      sound.subarray(0, sound.length / 2),
      Buffer.alloc(1000, 0xff),
      edited,
    ]) {
      writeFileSync(vault, content)
      const { code, errors, lines } = await start()
      expect(code).not.toBe(0)
      expect(`${errors}${JSON.stringify(lines)}`).toMatch(/token_damaged/)
      expect(readFileSync(vault).equals(content)).toBe(true)
    }
    // Nothing was lost meanwhile: the backup is put back and the console works on.
    copyFileSync(join(fleet.folder, 'backup'), vault)
    await fleet.startConsole(false)
    expect((await fleet.call('console.status', {})).gateway.state).toBe('listening')
  })
})

/** Fills a file system to the last block; gives the space back when it is called again. */
function fill(folder: string): () => void {
  const file = join(folder, 'ballast')
  const descriptor = openSync(file, 'w')
  for (const size of [64 * 1024, 4096, 1]) {
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(size, 1))
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
    }
  }
  closeSync(descriptor)
  expect(statfsSync(folder).bavail).toBe(0)
  return () => rmSync(file)
}

test.runIf(canMount)(
  'a disk that is full while an enrolment is approved: refused plainly, nothing half written',
  async () => {
    const disk = smallDisk(8 * 1024)
    const folder = join(disk.folder, 'console')
    const fleet = await LiveFleet.start({}, folder)
    await fleet.createAuthority()
    await fleet.enrol('target-station')
    const target = await fleet.joined('target-station')

    const enrolment = await fleet.beginEnrolment('chaser-001')
    const { requestId } = await enrolment.line('request', ({ event }) => event === 'requested')
    const id = String(requestId)
    const empty = fill(disk.folder)

    const records = (await fleet.call('audit.list', { limit: 1, filter: {} })).total
    let refused = await fleet.ask('enrolment.approve', { id })
    // SQLite may have a last block of its log left; then the disk is full for the next one.
    for (let attempt = 0; refused.ok && attempt < 3; attempt++)
      refused = await fleet.ask('enrolment.approve', { id })
    expect(refused).toMatchObject({ ok: false, code: 'storage_full' })
    expect(!refused.ok && refused.message).toMatch(/disk/)

    // Nothing of it: no agent, no certificate, the request still waits, no audit record.
    expect((await fleet.call('fleet.list', {})).map(({ agentId }) => agentId)).not.toContain('chaser-001')
    expect((await fleet.call('enrolment.list', {})).find((one) => one.id === id)?.state).toBe('pending')
    expect((await fleet.call('audit.list', { limit: 1, filter: {} })).total).toBe(records)
    expect((await fleet.call('console.status', {})).phase).toBe('signed_in')

    // With space again the same request is approved, and everything works on.
    empty()
    expect((await fleet.call('enrolment.approve', { id })).verdict).toBe('trusted')
    expect(await enrolment.exited).toBe(0)
    await fleet.joined('chaser-001', 'target-station')
    await fleet.deliver('chaser-001', 'target-station', 1)
    expect(target.lines.at(-1)).toBeDefined()
    expect((await fleet.call('audit.verify', {})).intact).toBe(true)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  },
)
