import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { platformRandom } from '#core/crypto/random.ts'
import { maxFrameText } from '#core/dispatch/frames.ts'
import { silentLog } from '#core/log.ts'
import { startWebHost, type WebHost } from '../../../electron/web/server.ts'
import { sampleEvents } from '../../support/contract-samples.ts'
import { EngineStandIn } from '../../support/engine-stand-in.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { connectSocket, openConsole, socketTransport } from '../../support/web-client.ts'

let engine: EngineStandIn
let host: WebHost
let origin: string
let nextAddresses: string[]

beforeEach(async () => {
  engine = new EngineStandIn()
  nextAddresses = []
  const rendererFolder = join(temporaryFolder(), 'renderer')
  await mkdir(rendererFolder)
  await writeFile(join(rendererFolder, 'index.html'), '<title>Groundlock</title>')
  host = await startWebHost({
    dispatcher: engine.dispatcher,
    feed: engine.feed,
    rendererFolder,
    log: silentLog,
    clock: engine.clock,
    random: platformRandom,
    onOpened: (next) => nextAddresses.push(next),
  })
  origin = new URL(host.url).origin
})
afterEach(() => host.stop())

/** A plain request with headers that fetch would not let a caller set. */
async function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<IncomingMessage & { text: string }> {
  const sent = request(`${origin}${path}`, { headers, method, agent: false })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return Object.assign(response, { text })
}

/** The status an upgrade is refused with, or 101. */
async function upgrade(headers: Record<string, string>, path = '/api'): Promise<number> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}${path}`, { headers })
  const status = await new Promise<number>((resolve, reject) => {
    socket.on('open', () => resolve(101))
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      response.resume()
    })
    socket.on('error', reject)
  })
  socket.on('error', () => undefined)
  socket.terminate()
  return status
}

describe('the one-use address', () => {
  test('is on loopback and opens the screen', async () => {
    expect(host.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/open\/[\w-]{43}$/)
    const opened = await ask(new URL(host.url).pathname)
    expect(opened.statusCode).toBe(302)
    expect(opened.headers.location).toBe('/')
    expect(opened.headers['set-cookie']?.[0]).toMatch(/HttpOnly; SameSite=Strict; Path=\/$/)
    const page = await ask('/', { cookie: opened.headers['set-cookie']![0]!.split(';')[0]! })
    expect(page.text).toBe('<title>Groundlock</title>')
  })

  test('works once, and the host offers another', async () => {
    const path = new URL(host.url).pathname
    await ask(path)
    const again = await ask(path)
    expect(again.statusCode).toBe(403)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(nextAddresses).toHaveLength(1)
    expect((await ask(new URL(nextAddresses[0]!).pathname)).statusCode).toBe(302)
  })

  test('is not used up by a preview or a wrong guess', async () => {
    const path = new URL(host.url).pathname
    expect((await ask(path, {}, 'HEAD')).statusCode).toBe(403)
    expect((await ask('/open/guess')).statusCode).toBe(403)
    expect((await ask('/open/')).statusCode).toBe(403)
    expect((await ask(path)).statusCode).toBe(302)
  })
})

describe('plain requests', () => {
  test('without the cookie get nothing', async () => {
    for (const path of ['/', '/index.html', '/missing']) expect((await ask(path)).statusCode).toBe(401)
  })

  test('by another name are refused, whatever they carry', async () => {
    const cookie = await openConsole(host.url)
    const { port } = new URL(origin)
    for (const name of [
      `localhost:${port}`,
      'rebound.example',
      `rebound.example:${port}`,
      '127.0.0.1',
      `127.0.0.1:${Number(port) + 1}`,
    ]) {
      const answer = await ask('/', { host: name, cookie })
      expect(answer.statusCode).toBe(421)
      expect(answer.text).not.toContain('title')
    }
  })

  test('from other sites are refused, also from another port of this machine', async () => {
    const cookie = await openConsole(host.url)
    expect((await ask('/', { cookie, 'sec-fetch-site': 'cross-site' })).statusCode).toBe(403)
    expect((await ask('/', { cookie, 'sec-fetch-site': 'same-site' })).statusCode).toBe(403)
    expect((await ask('/', { cookie, 'sec-fetch-site': 'none' })).statusCode).toBe(200)
    expect((await ask('/', { cookie, 'sec-fetch-site': 'same-origin' })).statusCode).toBe(200)
  })

  test('only read', async () => {
    const cookie = await openConsole(host.url)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await ask('/', { cookie }, method)
      expect(answer.statusCode).toBe(405)
      expect(answer.headers.allow).toBe('GET, HEAD')
    }
    expect((await ask('/', { cookie }, 'HEAD')).statusCode).toBe(200)
  })

  test('carry the page’s headers on every answer, also refusals', async () => {
    const cookie = await openConsole(host.url)
    for (const answer of [
      await ask('/', { cookie }),
      await ask('/'),
      await ask('/no', { cookie }),
      await ask('/', { host: 'x' }),
    ]) {
      expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'/)
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
      expect(answer.headers['cache-control']).toBe('no-store')
    }
  })

  test('cannot climb out of the folder', async () => {
    const cookie = await openConsole(host.url)
    const raw = connect(Number(new URL(origin).port), '127.0.0.1')
    raw.end(
      `GET /../../etc/hosts.js HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
    )
    let answer = ''
    for await (const chunk of raw) answer += String(chunk)
    expect(answer).toMatch(/^HTTP\/1\.1 404 /)
  })
})

describe('the WebSocket', () => {
  test('opens with cookie and origin, and with nothing less', async () => {
    const cookie = await openConsole(host.url)
    expect(await upgrade({ origin, cookie })).toBe(101)
    expect(await upgrade({ origin })).toBe(401)
    expect(await upgrade({ origin, cookie: `${cookie}x` })).toBe(401)
    expect(await upgrade({ cookie })).toBe(403)
    expect(await upgrade({ cookie, origin: 'null' })).toBe(403)
    expect(await upgrade({ cookie, origin: 'http://evil.example' })).toBe(403)
    expect(await upgrade({ cookie, origin: origin.replace('127.0.0.1', 'localhost') })).toBe(403)
    expect(await upgrade({ cookie, origin: `${origin}.evil.example` })).toBe(403)
    expect(await upgrade({ cookie, origin, host: 'rebound.example' })).toBe(421)
    expect(await upgrade({ cookie, origin }, '/api/other')).toBe(404)
  })

  test('closes on what is not a request frame, and nobody else notices', async () => {
    const cookie = await openConsole(host.url)
    const bystander = await connectSocket(origin, cookie)
    const wrong: [string | Buffer, number][] = [
      ['not json', 1008],
      ['null', 1008],
      ['[]', 1008],
      ['{"id":"1","call":"console.status","input":{}}', 1008],
      ['{"id":-1,"call":"console.status","input":{}}', 1008],
      ['{"id":1.5,"call":"console.status","input":{}}', 1008],
      ['{"id":1,"input":{}}', 1008],
      [Buffer.from([1, 2, 3]), 1003],
      ['x'.repeat(maxFrameText + 1), 1009],
    ]
    for (const [message, expected] of wrong) {
      const socket = await connectSocket(origin, cookie)
      const closed = once(socket, 'close')
      socket.send(message)
      expect((await closed)[0]).toBe(expected)
    }
    expect((await socketTransport(bystander).call('console.status', {})).ok).toBe(true)
    expect(engine.calls).toHaveLength(1)
  })

  test('tells every window the same', async () => {
    engine.signIn('auditor')
    const cookie = await openConsole(host.url)
    const heard = vi.fn()
    for (let window = 0; window < 3; window++)
      socketTransport(await connectSocket(origin, cookie)).on('fleet.changed', heard)
    engine.feed.publish('fleet.changed', sampleEvents['fleet.changed'])
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(3))
  })

  test('lets a browser go that does not answer a ping, and keeps one that does', async () => {
    const cookie = await openConsole(host.url)
    const dead = new WebSocket(`${origin.replace('http', 'ws')}/api`, {
      headers: { origin, cookie },
      autoPong: false,
    })
    await once(dead, 'open')
    const alive = await connectSocket(origin, cookie)
    const closed = once(dead, 'close')
    const pings = Promise.all([once(dead, 'ping'), once(alive, 'ping')])
    engine.clock.advance(20_000)
    await pings
    // A call that is answered shows that the pong sent before it has arrived.
    expect((await socketTransport(alive).call('console.status', {})).ok).toBe(true)
    engine.clock.advance(20_000)
    await closed
    expect((await socketTransport(alive).call('console.status', {})).ok).toBe(true)
  })

  test('takes at most sixteen windows, and another when one has closed', async () => {
    const cookie = await openConsole(host.url)
    const sockets = await Promise.all(Array.from({ length: 16 }, () => connectSocket(origin, cookie)))
    expect(await upgrade({ origin, cookie })).toBe(503)
    sockets[0]!.close()
    await vi.waitFor(async () => expect(await upgrade({ origin, cookie })).toBe(101))
  })
})

describe('start and stop', () => {
  test('a port that is taken is named with the next step', async () => {
    const port = Number(new URL(origin).port)
    const again = startWebHost({
      dispatcher: engine.dispatcher,
      feed: engine.feed,
      rendererFolder: temporaryFolder(),
      log: silentLog,
      clock: engine.clock,
      random: platformRandom,
      port,
    })
    await expect(again).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringMatching(new RegExp(`Port ${port} .*--port`)) as string,
    })
  })

  test('stopping disconnects the browsers, frees the port and lets the feed go', async () => {
    const cookie = await openConsole(host.url)
    const socket = await connectSocket(origin, cookie)
    const closed = once(socket, 'close')
    await host.stop()
    await closed
    await expect(fetch(origin)).rejects.toThrow()
    engine.signIn('auditor')
    engine.feed.publish('fleet.changed', { malformed: true } as never)
    // With nobody listening the payload is not even looked at.
    expect(engine.logLines).toEqual([])
  })
})
