import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { decodePem } from '#core/crypto/pem.ts'
import { SecurityException } from '#core/errors.ts'
import type { GatewayOptions } from '#core/link/gateway.ts'
import { FakeClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { ask, FleetTls, openTls } from '../support/fleet-tls.ts'
import { type RunningGateway, runGateway } from '../support/gateway.ts'

let fleet: FleetTls
let running: RunningGateway

beforeAll(async () => {
  fleet = await FleetTls.make()
})

afterEach(async () => {
  await running.gateway.stop()
})

const start = async (options: Partial<GatewayOptions> = {}): Promise<RunningGateway> =>
  (running = await runGateway(fleet, options))

const json = { 'content-type': 'application/json' }
const csr = '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'

/** Everything the peer answers until it ends the connection. */
async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  if (!socket.closed) await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

describe('what anybody may read', () => {
  it('is the state, the root and the CRL', async () => {
    const { address } = await start()
    expect((await ask(address, 'GET', '/health')).json()).toMatchObject({ state: 'listening' })
    const root = await ask(address, 'GET', '/ca.pem')
    expect(decodePem('CERTIFICATE', root.body.toString())).toEqual(fleet.root.certificate)
    expect(root.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    const crl = await ask(address, 'GET', '/crl.der')
    expect(crl.body).toEqual(fleet.crl)
    expect(crl.headers['content-type']).toBe('application/pkix-crl')
  })

  it('is refused with a code where there is none, under wrong methods and before there is an authority', async () => {
    const { address } = await start({
      directory: {
        ...fleet.directory,
        trustAnchor: () => {
          throw new SecurityException('authority_missing', 'There is no root CA yet.')
        },
      },
    })
    expect(await ask(address, 'GET', '/ca.pem')).toMatchObject({ status: 503 })
    expect((await ask(address, 'GET', '/nothing')).json()).toMatchObject({ code: 'not_found' })
    const wrong = await ask(address, 'POST', '/ca.pem')
    expect(wrong).toMatchObject({ status: 405, headers: { allow: 'GET' } })
    expect(await ask(address, 'GET', '/enrol')).toMatchObject({ status: 405, headers: { allow: 'POST' } })
    expect(await ask(address, 'GET', '//')).toMatchObject({ status: 400 })
  })
})

describe('enrolment', () => {
  const submit = (body: string | Buffer, headers: Record<string, string> = json): ReturnType<typeof ask> =>
    ask(running.address, 'POST', '/enrol', { body, headers })

  it('takes a request and answers its decision to a long poll, at once when it falls', async () => {
    const { address, desk } = await start()
    const answer = await submit(JSON.stringify({ csr }))
    expect(answer.status).toBe(202)
    const { requestId, fingerprint, state } = answer.json()
    expect([fingerprint, state]).toEqual(['ab'.repeat(32), 'pending'])
    expect(desk.submitted).toEqual([{ csr, source: '127.0.0.1' }])

    const path = `/enrol/${String(requestId)}`
    const pending = { state: 'pending', reason: null, certificate: null, chain: [] }
    expect((await ask(address, 'GET', path)).json()).toEqual(pending)
    expect((await ask(address, 'GET', `${path}?wait=0`)).json()).toEqual(pending)
    const waiting = ask(address, 'GET', `${path}?wait=25`)
    await eventually(() => expect(desk.waiting).toBe(1))
    desk.decide(String(requestId), { state: 'approved', reason: null, certificate: 'PEM', chain: ['ROOT'] })
    expect((await waiting).json()).toEqual({
      state: 'approved',
      reason: null,
      certificate: 'PEM',
      chain: ['ROOT'],
    })
  })

  it.each(['26', '-1', '1.5', 'x', '', '100', '1e1'])('refuses to wait %s seconds', async (wait) => {
    const { address } = await start()
    expect(await ask(address, 'GET', `/enrol/${'0'.repeat(32)}?wait=${wait}`)).toMatchObject({ status: 400 })
  })

  it.each(['x', '0'.repeat(31), '0'.repeat(32), `${'0'.repeat(32)}%00`, '..%2f..%2fetc'])(
    'knows no request %s',
    async (id) => {
      const { address } = await start()
      const answer = await ask(address, 'GET', `/enrol/${id}`)
      expect([answer.status, answer.json().code]).toEqual([404, 'not_found'])
    },
  )

  it.each([
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['another type', '[]'],
    ['an empty request', '{"csr":""}'],
    ['a number', '{"csr":1}'],
    ['more than the request', JSON.stringify({ csr, admin: true })],
    ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe])],
    ['deep nesting', '['.repeat(8000)],
    ['a prototype', '{"__proto__":{"csr":"x"}}'],
  ])('refuses %s', async (_, body) => {
    const { desk } = await start()
    const answer = await submit(body)
    expect([answer.status, answer.json().code]).toEqual([400, 'invalid_input'])
    expect(desk.submitted).toEqual([])
  })

  it('refuses other content types', async () => {
    await start()
    expect(await submit(JSON.stringify({ csr }), { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
    })
    expect(await submit(JSON.stringify({ csr }), {})).toMatchObject({ status: 415 })
    expect(
      await submit(JSON.stringify({ csr }), { 'content-type': 'application/json; charset=utf-8' }),
    ).toMatchObject({ status: 202 })
  })

  it('refuses a body that is too big, announced or not, without reading it all', async () => {
    const { desk, audited } = await start()
    const announced = await submit(JSON.stringify({ csr: 'x'.repeat(17 * 1024) }))
    expect([announced.status, announced.json().code]).toEqual([413, 'invalid_input'])

    const endless = await openTls(running.address)
    endless.write(
      'POST /enrol HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    )
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    const answered = readAll(endless)
    for (let sent = 0; sent < 20; sent += 1) endless.write(chunk)
    expect(await answered).toMatch(/^HTTP\/1\.1 413 /)
    expect(desk.submitted).toEqual([])
    expect(audited.map(({ key }) => key)).toEqual(Array(2).fill('turned:invalid_input::127.0.0.1'))
  })

  it('passes the desk’s refusals on, and keeps faults of the engine inside', async () => {
    const { desk, faults } = await start()
    for (const [code, status] of [
      ['csr_signature_invalid', 400],
      ['name_not_allowed', 403],
      ['already_enrolled', 409],
      ['conflict', 409],
      ['rate_limited', 429],
    ] as const) {
      desk.refuseWith = new SecurityException(code, `because of ${code}`)
      const answer = await submit(JSON.stringify({ csr }))
      expect([answer.status, answer.json()]).toEqual([status, { code, message: `because of ${code}` }])
    }
    desk.refuseWith = new Error('at /secret/path.ts:12')
    const answer = await submit(JSON.stringify({ csr }))
    expect([answer.status, answer.json().code]).toEqual([500, 'internal'])
    expect(answer.body.toString()).not.toContain('secret')
    expect(faults).toEqual([desk.refuseWith])
  })

  it('takes only so many from one source in a time', async () => {
    const clock = new FakeClock()
    const { audited } = await start({ clock, limits: { enrolmentsPerMinute: 6, enrolmentBurst: 2 } })
    const statuses: number[] = []
    for (let index = 0; index < 3; index += 1) statuses.push((await submit(JSON.stringify({ csr }))).status)
    expect(statuses).toEqual([202, 202, 429])
    expect(audited.at(-1)?.entry).toMatchObject({
      type: 'CONNECTION_REFUSED',
      severity: 'LOW',
      detail: { code: 'rate_limited' },
    })
    clock.advance(10_000)
    expect(await submit(JSON.stringify({ csr }))).toMatchObject({ status: 202 })
  })

  it('lets only so many wait, and counts those who went away no longer', async () => {
    const { address, desk } = await start({ limits: { maxWaitingPerSource: 1 } })
    const id = String((await submit(JSON.stringify({ csr }))).json().requestId)
    const first = ask(address, 'GET', `/enrol/${id}?wait=25`)
    await eventually(() => expect(desk.waiting).toBe(1))
    expect(await ask(address, 'GET', `/enrol/${id}?wait=25`)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '60' },
    })
    desk.decide(id, { state: 'pending', reason: null, certificate: null, chain: [] })
    await first
    const second = ask(address, 'GET', `/enrol/${id}?wait=25`)
    await eventually(() => expect(desk.waiting).toBe(1))
    desk.decide(id, { state: 'refused', reason: 'unknown agent', certificate: null, chain: [] })
    expect((await second).json()).toMatchObject({ state: 'refused', reason: 'unknown agent' })
  })
})

describe('the port', () => {
  it('in use is said with the port and what to do, and nothing is left half open', async () => {
    const { address, gateway } = await start()
    const other = await runGateway(fleet)
    await other.gateway.stop()
    const { key, certificate } = await fleet.gateway()
    const again = other.gateway.start({ host: '127.0.0.1', port: address.port, key, certificate })
    await expect(again).rejects.toMatchObject({ code: 'port_in_use' })
    await expect(again).rejects.toThrow(new RegExp(`${address.port}.*gateway_port`))
    expect(other.gateway.address).toBeNull()
    expect(other.gateway.consoleLink.state).toBe('disconnected')
    await gateway.stop()
    await other.gateway.start({ host: '127.0.0.1', port: address.port, key, certificate })
    await other.gateway.stop()
  })

  it('held by another kind of program is in use as well', async () => {
    await start()
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const { port } = squatter.address() as { port: number }
    const { key, certificate } = await fleet.gateway()
    await running.gateway.stop()
    await expect(running.gateway.start({ host: '127.0.0.1', port, key, certificate })).rejects.toMatchObject({
      code: 'port_in_use',
    })
    squatter.close()
  })

  it('on an address of another machine, and a key that does not fit, are said plainly', async () => {
    const { gateway, address } = await start()
    const { key, certificate } = await fleet.gateway()
    await expect(gateway.start({ ...address, key, certificate })).rejects.toMatchObject({ code: 'conflict' })
    await gateway.stop()
    const elsewhere = gateway.start({ host: '192.0.2.1', port: 0, key, certificate })
    await expect(elsewhere).rejects.toMatchObject({
      code: 'configuration_invalid',
      message: expect.stringContaining('gateway_host') as string,
    })
    const other = await fleet.gateway()
    const mixed = gateway.start({ host: '127.0.0.1', port: 0, key: other.key, certificate })
    await expect(mixed).rejects.toMatchObject({ code: 'certificate_invalid' })
  })
})

describe('strangers', () => {
  it('that speak no TLS, or only an old one, are cut off and recorded without filling the log', async () => {
    const { address, turned } = await start()
    const plain = connectTcp(address.port, '127.0.0.1')
    plain.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    await readAll(plain)
    const old = connectTls({
      host: '127.0.0.1',
      port: address.port,
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
    })
    await expect(once(old, 'secureConnect')).rejects.toThrow(/protocol version|wrong version/i)
    await eventually(() =>
      expect(turned.map(({ code }) => code)).toEqual(['authentication_failed', 'authentication_failed']),
    )
  })

  it('that begin a TLS handshake and stop are cut off, while others are served', async () => {
    const { address, turned } = await start({ limits: { handshakeMilliseconds: 100 } })
    const half = connectTcp(address.port, '127.0.0.1')
    // The head of a TLS record that never comes.
    half.write(Buffer.from('1603010200010001fc0303', 'hex'))
    expect(await ask(address, 'GET', '/health')).toMatchObject({ status: 200 })
    await readAll(half)
    await eventually(() => expect(turned.at(-1)?.message).toBe('The TLS handshake did not end in time.'))
  })

  it('that send their header or body drop by drop are cut off', async () => {
    const { address } = await start({ limits: { headersMilliseconds: 100, requestMilliseconds: 200 } })
    const header = await openTls(address)
    header.write('GET /health HT')
    expect(await readAll(header)).toMatch(/^HTTP\/1\.1 408 /)
    const body = await openTls(address)
    body.write(
      'POST /enrol HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    )
    expect(await readAll(body)).toMatch(/^HTTP\/1\.1 408 /)
  })

  it.each([
    ['rubbish', 'RUBBISH\r\n\r\n', 400],
    ['a header that is too big', `GET /health HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(9000)}\r\n\r\n`, 431],
    [
      'two ways to say the length',
      'POST /enrol HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
  ])('that send %s read what is wrong', async (_, bytes, status) => {
    const { address, turned } = await start()
    const socket = await openTls(address)
    socket.write(bytes)
    const answer = await readAll(socket)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('"code":"invalid_input"')
    expect(turned).toMatchObject([{ code: 'invalid_input', source: '127.0.0.1' }])
  })

  it('are limited per source, in connections and in requests', async () => {
    const clock = new FakeClock()
    const { address, turned } = await start({
      clock,
      limits: { maxConnectionsPerSource: 3, requestsPerSecond: 1, requestBurst: 2 },
    })
    const open = [await openTls(address), await openTls(address), await openTls(address)]
    await expect(openTls(address)).rejects.toThrow()
    expect(turned.at(-1)).toMatchObject({ code: 'rate_limited', source: '127.0.0.1' })
    for (const socket of open) socket.destroy()

    const status = async (): Promise<number> => (await ask(address, 'GET', '/health')).status
    await eventually(async () => expect(await status()).toBe(200))
    expect([await status(), await status()]).toEqual([200, 429])
    clock.advance(1000)
    expect(await status()).toBe(200)
  })

  it('beyond what the gateway takes in all are dropped', async () => {
    const { address, turned } = await start({ limits: { maxConnections: 2 } })
    const open = [await openTls(address), await openTls(address)]
    await expect(openTls(address)).rejects.toThrow()
    expect(turned.at(-1)).toMatchObject({
      code: 'rate_limited',
      message: expect.stringContaining('as many connections') as string,
    })
    for (const socket of open) socket.destroy()
  })

  it('that ask to upgrade to something else get an answer and no connection', async () => {
    const { address, gateway } = await start()
    const socket = await openTls(address)
    socket.write('GET /ws/chaser-001 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n')
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 401 /)
    expect(gateway.connections()).toEqual([])
  })
})
