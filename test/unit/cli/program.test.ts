import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { AuditLog } from '#core/audit/log.ts'
import { SecurityException } from '#core/errors.ts'
import { Database } from '#core/store/database.ts'
import { consoleMigrations } from '#core/store/migrations.ts'
import { type CliParts, runCli } from '../../../electron/cli/program.ts'
import { FakeClock } from '../../support/clock.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { standInPin, type StartableEngine, startableEngine } from '../../support/startable-engine.ts'

interface Run {
  readonly stdout: () => string
  readonly stderr: () => string
  readonly stop: () => void
  readonly code: Promise<number>
}

function start(
  argv: string[],
  options: { stdin?: string; engine?: StartableEngine; parts?: Partial<CliParts> } = {},
): Run {
  const out: string[] = []
  const err: string[] = []
  let stop = (): void => undefined
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const code = runCli(argv, {
    stdin: options.stdin === undefined ? new PassThrough() : Readable.from([Buffer.from(options.stdin)]),
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    clock: new FakeClock(),
    startEngine: (options.engine ?? startableEngine()).startEngine,
    untilStopped: () => stopped,
    registerAgentCommands: () => undefined,
    ...options.parts,
  })
  return { stdout: () => out.join(''), stderr: () => err.join(''), stop, code }
}

async function finish(run: Run): Promise<{ code: number; stdout: string; stderr: string }> {
  const code = await run.code
  return { code, stdout: run.stdout(), stderr: run.stderr() }
}

describe('the command line', () => {
  test.each([[['--help']], [['console', '--help']], [['--version']]])(
    '%j is answered with 0',
    async (argv) => {
      const { code, stdout, stderr } = await finish(start(argv))
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(argv[0] === '--version' ? /^\d+\.\d+\.\d+\n$/ : /Usage: groundlock/)
    },
  )

  test.each([
    [['nonsense'], /unknown command 'nonsense'/],
    [['console', '--colour'], /unknown option '--colour'/],
    [['console', '--pin-fd', 'three'], /It is not a whole number/],
    [['console', '--log-level', 'loud'], /Allowed choices are info, warn, error/],
    [['console', '--create-token', 'ops'], /--create-token needs --operator NAME/],
    [['audit', 'list', '--type', 'NONSENSE'], /Allowed choices are AUTHENTICATION_FAILURE/],
  ])('%j could not run', async (argv, message) => {
    const { code, stdout, stderr } = await finish(start(argv))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })

  test('a command of agents that throws ends with its message and 1, as JSON if asked', async () => {
    const parts: Partial<CliParts> = {
      registerAgentCommands: (program) =>
        void program
          .command('agent')
          .option('--json')
          .action(() => {
            throw new SecurityException('agent_unreachable', 'The gateway does not answer.')
          }),
    }
    expect(await finish(start(['agent'], { parts }))).toEqual({
      code: 1,
      stdout: '',
      stderr: 'groundlock: The gateway does not answer.\n',
    })
    const { code, stdout } = await finish(start(['agent', '--json'], { parts }))
    expect({ code, failure: JSON.parse(stdout) as unknown }).toEqual({
      code: 1,
      failure: { ok: false, code: 'agent_unreachable', message: 'The gateway does not answer.' },
    })
  })
})

describe('console', () => {
  test('makes a token, signs in, tells each change, and stops when asked', async () => {
    const engine = startableEngine()
    const folder = temporaryFolder()
    const run = start(
      ['console', '--data-dir', folder, '--create-token', 'ops', '--operator', 'Ada', '--pin-stdin'],
      { stdin: `${standInPin}\n13579111\n`, engine },
    )
    await expect.poll(run.stdout).toContain('console: signed in (Ada)')
    expect(run.stdout()).toMatch(
      /console: no token yet.*\n.*gateway: stopped\n.*signed out\n.*token: ops, software protection\n/,
    )
    expect(run.stdout() + run.stderr()).not.toContain(standInPin)
    expect(engine.stopped).toBe(false)
    run.stop()
    expect(await finish(run)).toMatchObject({ code: 0, stderr: '' })
    expect(engine).toMatchObject({ stopped: true, started: [folder] })
    expect(existsSync(join(folder, 'control.sock'))).toBe(false)
  })

  test('with --json prints one object a change', async () => {
    const run = start(['console', '--data-dir', temporaryFolder(), '--json', '--pin-stdin'], {
      stdin: `${standInPin}\n`,
      engine: startableEngine('signed_out'),
    })
    await expect.poll(() => run.stdout().split('\n').length).toBeGreaterThan(2)
    run.stop()
    const { stdout } = await finish(run)
    const phases = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string; payload: { phase: string } }).payload.phase)
    expect(phases).toEqual(['signed_out', 'signed_in'])
  })

  test('with a wrong PIN says how many tries are left, tries no other, and stops', async () => {
    const engine = startableEngine('signed_out')
    const run = start(['console', '--data-dir', temporaryFolder(), '--pin-stdin'], {
      stdin: `000000\n${standInPin}\n`,
      engine,
    })
    const { code, stderr } = await finish(run)
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'groundlock: The PIN is wrong. 9 tries are left.\n' })
    expect(engine.stopped).toBe(true)
  })

  test('does not make a second token', async () => {
    const argv = [
      'console',
      '--data-dir',
      temporaryFolder(),
      '--create-token',
      'ops',
      '--operator',
      'Ada',
      '--pin-stdin',
    ]
    const run = start(argv, { stdin: 'x\n', engine: startableEngine('signed_out') })
    expect(await finish(run)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has a token already') as string,
    })
  })

  test('that cannot start says why and ends with 2', async () => {
    const startEngine = () => Promise.reject(new SecurityException('storage_full', 'The disk is full.'))
    const run = start(['console', '--data-dir', temporaryFolder()], { parts: { startEngine } })
    expect(await finish(run)).toEqual({ code: 2, stdout: '', stderr: 'groundlock: The disk is full.\n' })
  })

  test('stops while it waits for a PIN that does not come', async () => {
    const engine = startableEngine('signed_out')
    const run = start(['console', '--data-dir', temporaryFolder(), '--pin-stdin'], { engine })
    await expect.poll(run.stdout).toContain('signed out')
    run.stop()
    expect(await finish(run)).toMatchObject({ code: 0 })
    expect(engine.stopped).toBe(true)
  })
})

describe('call', () => {
  const withConsole = async (work: (folder: string, console: Run) => Promise<void>): Promise<void> => {
    const folder = temporaryFolder()
    const run = start(['console', '--data-dir', folder], { engine: startableEngine('signed_out') })
    await expect.poll(run.stdout).toContain('signed out')
    await work(folder, run)
    run.stop()
    await run.code
  }

  test('signs in from standard input, reads, and prints what the engine answers', () =>
    withConsole(async (folder, console) => {
      const refused = await finish(start(['call', 'fleet.list', '--data-dir', folder]))
      expect(refused).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/Nobody is signed in/) as string,
      })
      const stdin = JSON.stringify({ pin: standInPin })
      const signedIn = await finish(
        start(['call', 'access.signIn', '-', '--json', '--data-dir', folder], { stdin }),
      )
      expect(signedIn.code).toBe(0)
      expect(JSON.parse(signedIn.stdout)).toMatchObject({ phase: 'signed_in' })
      expect(console.stdout()).toContain('signed in (Ada)')
      expect(await finish(start(['call', 'fleet.list', '--data-dir', folder]))).toEqual({
        code: 0,
        stdout: '[]\n',
        stderr: '',
      })
    }))

  test('refuses a PIN in an argument before anybody sees it', async () => {
    const argv = [
      'call',
      'access.signIn',
      JSON.stringify({ pin: standInPin }),
      '--data-dir',
      temporaryFolder(),
    ]
    const { code, stderr } = await finish(start(argv))
    expect(code).toBe(2)
    expect(stderr).toContain('groundlock call access.signIn -')
    expect(stderr).not.toContain(standInPin)
  })

  test('tells what is wrong with the input, without quoting it', async () => {
    const stdin = `{"pin": "${standInPin}"`
    const broken = await finish(
      start(['call', 'access.signIn', '-', '--data-dir', temporaryFolder()], { stdin }),
    )
    expect(broken).toEqual({ code: 2, stdout: '', stderr: 'groundlock: The input is not valid JSON.\n' })
    const unknown = await finish(start(['call', 'constructor', '--data-dir', temporaryFolder()]))
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /There is no operation constructor\. The operations are: console\.status/,
      ) as string,
    })
  })

  test('without a console could not run', async () => {
    const { code, stdout } = await finish(
      start(['call', 'fleet.list', '--json', '--data-dir', temporaryFolder()]),
    )
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      code: 'not_found',
      message: expect.stringMatching(/No headless console runs/) as string,
    })
  })
})

describe('audit', () => {
  function folderWithRecords(subjects: string[]): string {
    const folder = temporaryFolder()
    const database = Database.open(join(folder, 'groundlock.db'), consoleMigrations)
    const audit = new AuditLog({ database, clock: new FakeClock() })
    for (const subject of subjects) {
      audit.append({
        type: 'SIGNED_IN',
        severity: 'INFO',
        actor: 'Ada',
        subject,
        detail: { tries: 1, note: 'a b' },
      })
    }
    database.close()
    return folder
  }

  test('verify finds an intact chain intact', async () => {
    const folder = folderWithRecords(['one', 'two'])
    expect(await finish(start(['audit', 'verify', '--data-dir', folder]))).toEqual({
      code: 0,
      stdout: 'intact: 2 records\n',
      stderr: '',
    })
    const { code, stdout } = await finish(start(['audit', 'verify', '--json', '--data-dir', folder]))
    expect({ code, verification: JSON.parse(stdout) as unknown }).toMatchObject({
      code: 0,
      verification: { intact: true, records: 2 },
    })
  })

  test('verify names the first record that was edited', async () => {
    const folder = folderWithRecords(['one', 'two', 'three'])
    const database = Database.open(join(folder, 'groundlock.db'), consoleMigrations)
    database.prepare('DROP TRIGGER audit_record_is_not_edited').run()
    database.prepare("UPDATE audit_record SET subject = 'else' WHERE sequence = 2").run()
    database.close()
    const { code, stdout } = await finish(start(['audit', 'verify', '--data-dir', folder]))
    expect(code).toBe(1)
    expect(stdout).toMatch(/^BROKEN at record 2: /)
  })

  test('list prints the newest first and says when there are more', async () => {
    const folder = folderWithRecords(['one', 'two', 'three'])
    const { stdout } = await finish(start(['audit', 'list', '--limit', '2', '--data-dir', folder]))
    expect(stdout.split('\n')[0]).toMatch(/^ {5}3 \S+Z INFO {5}SIGNED_IN Ada three note="a b" tries=1$/)
    expect(stdout).toContain('\n2 of 3 records')
    const json = await finish(start(['audit', 'list', '--json', '--text', 'one', '--data-dir', folder]))
    expect(JSON.parse(json.stdout)).toMatchObject({ sequence: 1, subject: 'one' })
  })

  test('text of others cannot reach the terminal as a control sequence', async () => {
    const folder = folderWithRecords(['a\u001b[2Jb\u202ec'])
    const { stdout } = await finish(start(['audit', 'list', '--data-dir', folder]))
    expect(stdout).toContain('a\\u{1b}[2Jb\\u{202e}c')
  })

  test('without a database could not run, and makes none', async () => {
    const folder = temporaryFolder()
    const { code, stderr } = await finish(start(['audit', 'verify', '--data-dir', folder]))
    expect(code).toBe(2)
    expect(stderr).toMatch(/^groundlock: /)
    expect(existsSync(join(folder, 'groundlock.db'))).toBe(false)
  })
})
