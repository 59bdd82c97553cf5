import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#core/log.ts'
import type { Reply } from '#shared/errors.ts'
import { connectLocalSocket, type LocalServer, serveLocalSocket } from '../../../electron/cli/local-socket.ts'

let folder: string
let server: LocalServer | null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'groundlock-socket-'))
  server = null
})
afterEach(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

const echo = (_peer: string, name: string, input: unknown): Promise<Reply> =>
  Promise.resolve({ ok: true, value: { name, input } })
const serve = async (handle = echo, at = folder): Promise<LocalServer> =>
  (server = await serveLocalSocket({ folder: at, name: 'control', handle, log: silentLog }))

describe('a call', () => {
  test('reaches the handler and its reply comes back, whatever the order', async () => {
    const answers: ((reply: Reply) => void)[] = []
    await serve(
      (_peer, name) =>
        new Promise((resolve) => void answers.push((reply) => resolve({ ...reply, value: name } as Reply))),
    )
    const client = await connectLocalSocket(folder, 'control')
    const first = client.call('first', {})
    const second = client.call('second', {})
    await expect.poll(() => answers.length).toBe(2)
    for (const answer of answers.reverse()) answer({ ok: true, value: null })
    await expect(Promise.all([first, second])).resolves.toEqual([
      { ok: true, value: 'first' },
      { ok: true, value: 'second' },
    ])
    client.close()
  })

  test('keeps every character, also those that end lines elsewhere', async () => {
    await serve()
    const client = await connectLocalSocket(folder, 'control')
    const input = { text: 'zwei\nZeilen \u2028 und 🛰' }
    await expect(client.call('x', input)).resolves.toEqual({ ok: true, value: { name: 'x', input } })
    client.close()
  })

  test('that is under way when the server ends rejects with a reason', async () => {
    await serve(() => new Promise(() => undefined))
    const client = await connectLocalSocket(folder, 'control')
    const call = client.call('slow', {})
    const rejected = expect(call).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/ended before it answered/) as string,
    })
    await server?.close()
    server = null
    await rejected
    await client.closed
    await expect(client.call('late', {})).rejects.toMatchObject({ code: 'not_found' })
  })

  test('tells the connections apart', async () => {
    const peers = new Set<string>()
    await serve((peer) => {
      peers.add(peer)
      return Promise.resolve({ ok: true, value: null })
    })
    for (let count = 0; count < 2; count += 1) {
      const client = await connectLocalSocket(folder, 'control')
      await client.call('x', {})
      client.close()
    }
    expect(peers.size).toBe(2)
  })
})

test('events reach every client until it unsubscribes', async () => {
  await serve()
  const clients = await Promise.all([
    connectLocalSocket(folder, 'control'),
    connectLocalSocket(folder, 'control'),
  ])
  // A reply proves that the server knows the client.
  for (const client of clients) await client.call('hello', {})
  const seen: unknown[] = []
  const unsubscribe = clients.map((client, index) =>
    client.on('audit.appended', (payload) => seen.push([index, payload])),
  )
  server?.announce('audit.appended', { sequence: 1 })
  await expect.poll(() => seen.length).toBe(2)
  unsubscribe[0]?.()
  server?.announce('audit.appended', { sequence: 2 })
  await expect.poll(() => seen.length).toBe(3)
  expect(seen[2]).toEqual([1, { sequence: 2 }])
  for (const client of clients) client.close()
})

describe('a client that breaks the protocol', () => {
  test.each([
    ['not JSON', 'hello\n'],
    ['no request', '{"id":1}\n'],
    ['a negative id', '{"id":-1,"call":"x"}\n'],
    ['a list', '[]\n'],
    ['a line without an end', 'x'.repeat(300 * 1024)],
    ['a line that is too long', `{"id":1,"call":"x","input":"${'x'.repeat(300 * 1024)}"}\n`],
  ])('with %s is disconnected, and nobody else', async (_what, text) => {
    await serve()
    const other = await connectLocalSocket(folder, 'control')
    const socket = connect(join(folder, 'control.sock'))
    socket.on('error', () => undefined)
    socket.write(text)
    await new Promise((closed) => socket.on('close', closed))
    await expect(other.call('x', {})).resolves.toMatchObject({ ok: true })
    other.close()
  })
})

describe('the socket', () => {
  test('is for its owner only, and gone when the server has stopped', async () => {
    await serve()
    expect(statSync(join(folder, 'control.sock')).mode & 0o777).toBe(0o600)
    await server?.close()
    server = null
    expect(existsSync(join(folder, 'control.sock'))).toBe(false)
    await expect(connectLocalSocket(folder, 'control')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('left over by a process that died is replaced', async () => {
    writeFileSync(join(folder, 'control.sock'), '')
    await serve()
    const client = await connectLocalSocket(folder, 'control')
    await expect(client.call('x', {})).resolves.toMatchObject({ ok: true })
    client.close()
  })

  test.runIf(process.platform === 'linux')('works in a folder whose path is too long for one', async () => {
    const deep = join(folder, 'd'.repeat(100), 'e'.repeat(100))
    mkdirSync(deep, { recursive: true })
    await serve(echo, deep)
    const client = await connectLocalSocket(deep, 'control')
    await expect(client.call('x', {})).resolves.toMatchObject({ ok: true })
    client.close()
    await server?.close()
    server = null
    expect(existsSync(join(deep, 'control.sock'))).toBe(false)
  })
})
