import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSecretInput } from '../../../electron/cli/secret-input.ts'

const quiet = { write: () => true }
const fromStdin = (...chunks: (string | Buffer)[]) =>
  openSecretInput(
    { pinStdin: true },
    { stdin: Readable.from(chunks.map((chunk) => Buffer.from(chunk))), stderr: quiet },
  )!

describe('secrets from standard input', () => {
  test('come one a line, however they are cut', async () => {
    const input = fromStdin('12', '34', '56\n7', '890ab\r\nlast')
    expect((await input.read('')).toString()).toBe('123456')
    expect((await input.read('')).toString()).toBe('7890ab')
    expect((await input.read('')).toString()).toBe('last')
    await expect(input.read('')).rejects.toMatchObject({
      exitCode: 2,
      message: '--pin-stdin ended before the PIN came.',
    })
  })

  test('leave no copy in the chunk that was read', async () => {
    const chunk = Buffer.from('123456\n')
    const input = openSecretInput({ pinStdin: true }, { stdin: Readable.from([chunk]), stderr: quiet })!
    const secret = await input.read('')
    expect(secret.toString()).toBe('123456')
    expect(chunk.every((byte) => byte === 0)).toBe(true)
  })

  test('an empty line is no PIN', async () => {
    await expect(fromStdin('\n').read('')).rejects.toThrow('--pin-stdin gives an empty PIN.')
  })

  test('a line without an end is not read for ever', async () => {
    await expect(fromStdin('x'.repeat(2000)).read('')).rejects.toThrow('more than 512 bytes')
  })
})

describe('secrets from a file descriptor', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'groundlock-secret-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('come one a line', async () => {
    writeFileSync(join(folder, 'pin'), '123456\n87654321\n')
    const descriptor = openSync(join(folder, 'pin'), 'r')
    const input = openSecretInput({ pinFd: descriptor }, { stdin: new PassThrough(), stderr: quiet })!
    expect((await input.read('')).toString()).toBe('123456')
    expect((await input.read('')).toString()).toBe('87654321')
    input.close()
  })

  test('that is not open are refused with its number', () => {
    const open = () => openSecretInput({ pinFd: 250 }, { stdin: new PassThrough(), stderr: quiet })
    expect(open).toThrow('File descriptor 250 of --pin-fd is not open (EBADF).')
  })
})

test('two sources at once are refused', () => {
  const open = () =>
    openSecretInput({ pinFd: 3, pinStdin: true }, { stdin: new PassThrough(), stderr: quiet })
  expect(open).toThrow('either --pin-fd or --pin-stdin')
})

test('without a source and without a terminal there is no input', () => {
  expect(openSecretInput({}, { stdin: new PassThrough(), stderr: quiet })).toBeNull()
})

describe('the prompt', () => {
  const terminal = () => {
    const shown: string[] = []
    const modes: boolean[] = []
    const stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode(this: PassThrough, mode: boolean) {
        modes.push(mode)
        return this as never
      },
    })
    const stderr = { write: (text: string) => shown.push(text) }
    return { stdin, stderr, shown, modes, input: openSecretInput({}, { stdin, stderr })! }
  }

  test('shows the question and nothing of the answer', async () => {
    const { input, stdin, shown, modes } = terminal()
    const read = input.read('PIN of the token')
    for (const key of ['1', '2', '3', '\r']) stdin.write(key)
    expect((await read).toString()).toBe('123')
    expect(shown.join('')).toBe('PIN of the token: \n')
    expect(modes).toEqual([true, false])
  })

  test('takes back whole characters, and the whole line', async () => {
    const { input, stdin } = terminal()
    const first = input.read('')
    stdin.write('aü\u007f\u007fb\u007f\u007f\u007fpin\n')
    expect((await first).toString()).toBe('pin')
    const second = input.read('')
    stdin.write('wrong\u0015right\r')
    expect((await second).toString()).toBe('right')
  })

  test('ends at Ctrl-C, and gives the terminal back', async () => {
    const { input, stdin, modes } = terminal()
    const read = input.read('')
    stdin.write('12\u0003')
    await expect(read).rejects.toMatchObject({ exitCode: 2, message: 'No PIN was entered.' })
    expect(modes).toEqual([true, false])
  })
})
