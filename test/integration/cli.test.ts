import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { groundlock, GroundlockProcess } from '../support/groundlock-process.ts'

const pin = '246810'
const soPin = '13579111'
const patience = { timeout: 30_000 }

/** A data folder whose gateway takes any free port. */
function dataFolder(configuration: Record<string, unknown> = { gateway_port: 0 }): string {
  const folder = join(temporaryFolder(), 'data')
  mkdirSync(folder, { mode: 0o700 })
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration))
  return folder
}

async function firstStart(folder: string): Promise<GroundlockProcess> {
  const argv = [
    'console',
    '--data-dir',
    folder,
    '--create-token',
    'ops',
    '--operator',
    'Ada',
    '--pin-fd',
    '3',
  ]
  const running = new GroundlockProcess(argv, { descriptor: `${pin}\n${soPin}\n` })
  await expect.poll(() => running.stdout + running.stderr, patience).toContain('console: signed in (Ada)')
  return running
}

const createAuthority = (folder: string) => {
  const input = { algorithm: 'ECDSA-P384', commonName: 'Fleet Root', organization: 'Fleet', validYears: 10 }
  return groundlock(['call', 'authority.create', JSON.stringify(input), '--data-dir', folder, '--json'])
}

describe('a headless console', () => {
  test('makes its token, serves its gateway and stops in order', async () => {
    const folder = dataFolder()
    const running = await firstStart(folder)
    const created = await createAuthority(folder)
    expect(created).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(created.stdout)).toMatchObject({ certificate: { subject: 'CN=Fleet Root, O=Fleet' } })
    await expect.poll(() => running.stdout, patience).toMatch(/gateway: listening on 127\.0\.0\.1:\d+/)
    expect(await running.end('SIGTERM')).toBe(0)
    expect(running.stdout + running.stderr + created.stdout).not.toContain(pin)

    expect(await groundlock(['audit', 'verify', '--data-dir', folder])).toMatchObject({ code: 0, stderr: '' })
    const listed = await groundlock(['audit', 'list', '--json', '--data-dir', folder])
    const types = listed.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type)
    for (const type of ['TOKEN_CREATED', 'SIGNED_IN', 'AUTHORITY_CREATED', 'CONSOLE_STOPPED'])
      expect(types).toContain(type)
  })

  test('that was killed starts again on the same folder with everything intact', async () => {
    const folder = dataFolder()
    const first = await firstStart(folder)
    const { stdout } = await createAuthority(folder)
    await first.end('SIGKILL')
    expect(await groundlock(['audit', 'verify', '--data-dir', folder])).toMatchObject({ code: 0 })

    const second = new GroundlockProcess(['console', '--data-dir', folder, '--pin-stdin'], {
      input: `${pin}\n`,
    })
    await expect.poll(() => second.stdout + second.stderr, patience).toContain('gateway: listening')
    const authority = await groundlock(['call', 'authority.read', '--data-dir', folder, '--json'])
    expect(JSON.parse(authority.stdout)).toMatchObject({
      certificate: {
        fingerprint: (JSON.parse(stdout) as { certificate: { fingerprint: string } }).certificate.fingerprint,
      },
    })
    expect(await second.end('SIGINT')).toBe(0)
  })

  test('takes one PIN; a wrong one says how many tries are left', async () => {
    const folder = dataFolder()
    await (await firstStart(folder)).end('SIGTERM')
    const { code, stderr } = await groundlock(['console', '--data-dir', folder, '--pin-stdin'], '999999\n')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^groundlock: .*\b9\b.*\n$/)
  })

  test('keeps a second one out of its folder, and goes on', async () => {
    const folder = dataFolder()
    const running = await firstStart(folder)
    const second = await groundlock(['console', '--data-dir', folder])
    expect(second.code).toBe(2)
    expect(second.stderr).toContain(`in use by another console (process ${running.child.pid ?? 0})`)
    const status = await groundlock(['call', 'console.status', '--data-dir', folder, '--json'])
    expect(JSON.parse(status.stdout)).toMatchObject({ phase: 'signed_in' })
  })

  test('whose port is taken says so, names it, and stays up', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const folder = dataFolder({ gateway_port: port })
    const running = await firstStart(folder)
    await createAuthority(folder)
    await expect.poll(() => running.stdout, patience).toMatch(new RegExp(`gateway: failed: .*${port}`))
    expect(running.child.exitCode).toBeNull()
    other.close()
  })
})

describe('a console that cannot start', () => {
  test('names the wrong key and what is allowed, and writes nothing', async () => {
    const folder = dataFolder({ key_rotation_interval: 1 })
    const { code, stdout, stderr } = await groundlock(['console', '--data-dir', folder, '--json'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'configuration_invalid',
      message:
        'config.json: key_rotation_interval is 1; allowed is whole seconds from 5 to 2592000 (30 days).',
    })
    expect(readFileSync(join(folder, 'config.json'), 'utf8')).toBe('{"key_rotation_interval":1}')
  })

  test('leaves a database that is none as it is', async () => {
    const folder = dataFolder()
    const content = 'not a database, but somebody needs it. '.repeat(100)
    writeFileSync(join(folder, 'groundlock.db'), content)
    const { code, stderr } = await groundlock(['console', '--data-dir', folder])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^groundlock: The database .*backup/)
    expect(readFileSync(join(folder, 'groundlock.db'), 'utf8')).toBe(content)
  })
})

test('a vault that was cut short is reported and left as it is', async () => {
  const folder = dataFolder()
  await (await firstStart(folder)).end('SIGTERM')
  const vault = join(folder, 'token.vault')
  const half = readFileSync(vault, 'utf8').slice(0, 300)
  writeFileSync(vault, half)
  const { code, stderr } = await groundlock(['console', '--data-dir', folder, '--pin-stdin'], `${pin}\n`)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^groundlock: The vault file is not a complete vault.*backup/m)
  expect(readFileSync(vault, 'utf8')).toBe(half)
})
