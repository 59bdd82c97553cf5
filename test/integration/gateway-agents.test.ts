import { once } from 'node:events'
import { connect } from 'node:tls'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayOptions } from '#core/link/gateway.ts'
import { readPresence, readUndelivered, readWelcome } from '#core/link/control-frames.ts'
import { encodeFrame } from '#core/link/frame.ts'
import { type Frame, FrameKind } from '#core/link/link.ts'
import { FakeClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { type Credentials, enter, FleetTls, openTls, RawAgent } from '../support/fleet-tls.ts'
import { type RunningGateway, runGateway } from '../support/gateway.ts'

let fleet: FleetTls
let chaser: Credentials
let target: Credentials
let running: RunningGateway

beforeAll(async () => {
  fleet = await FleetTls.make()
  chaser = await fleet.agent('chaser-001')
  target = await fleet.agent('target-station')
})

afterEach(async () => {
  fleet.ahead = 0
  await fleet.revoke()
  await running.gateway.stop()
})

const start = async (options: Partial<GatewayOptions> = {}): Promise<RunningGateway> =>
  (running = await runGateway(fleet, options))

const message = (from: string, to: string, body: string | Uint8Array): Uint8Array =>
  encodeFrame({
    kind: FrameKind.message,
    from,
    to,
    body: typeof body === 'string' ? Buffer.from(body) : body,
  })

const ofKind =
  (kind: FrameKind) =>
  (frame: Frame): boolean =>
    frame.kind === kind

describe('who may connect', () => {
  it('welcomes an agent with a certificate of the fleet, its CRL and who is there', async () => {
    const { address, gateway, audited } = await start()
    const first = await enter(address, 'chaser-001', chaser)
    const welcome = readWelcome(await first.frame(ofKind(FrameKind.welcome)))
    expect(welcome).toMatchObject({
      agentId: 'chaser-001',
      console: 'ground-station',
      connected: ['ground-station'],
    })
    expect((await first.frame(ofKind(FrameKind.crl))).body).toEqual(Uint8Array.from(fleet.crl))

    const second = await enter(address, 'target-station', target)
    expect(readWelcome(await second.frame(ofKind(FrameKind.welcome))).connected).toEqual([
      'ground-station',
      'chaser-001',
    ])
    expect(readPresence(await first.frame(ofKind(FrameKind.presence)))).toEqual({
      agentId: 'target-station',
      connected: true,
    })
    expect(gateway.remoteAddress('chaser-001')).toBe('127.0.0.1')
    expect(gateway.isConnected('chaser-001')).toBe(true)
    expect(audited.map(({ entry }) => entry.type)).toEqual(['AGENT_CONNECTED', 'AGENT_CONNECTED'])

    second.socket.close()
    await first.frame((frame) => frame.kind === FrameKind.presence && !readPresence(frame).connected)
    expect(gateway.isConnected('target-station')).toBe(false)
    expect(audited.at(-1)?.entry).toMatchObject({
      type: 'AGENT_DISCONNECTED',
      subject: 'target-station',
      detail: { endedFor: null },
    })
  })

  const cases: [string, () => Promise<Partial<Credentials>>, object, string | null][] = [
    ['no certificate', () => Promise.resolve({}), { status: 401, code: 'authentication_failed' }, null],
    [
      'an expired certificate',
      () => fleet.agent('chaser-001', { notBefore: Date.now() - 9e9, notAfter: Date.now() - 1e6 }),
      { status: 401, code: 'certificate_expired' },
      'chaser-001',
    ],
    [
      'a certificate of another CA with the same name',
      async () => (await FleetTls.make()).agent('chaser-001'),
      { status: 401, code: 'certificate_untrusted' },
      null,
    ],
    [
      'the certificate of another agent',
      () => Promise.resolve(target),
      { status: 403, code: 'certificate_identity_mismatch' },
      'target-station',
    ],
    [
      'a revoked certificate',
      async () => {
        const revoked = await fleet.agent('chaser-001')
        await fleet.revoke(revoked.serial)
        return revoked
      },
      { status: 403, code: 'certificate_revoked' },
      'chaser-001',
    ],
    [
      'a certificate without client authentication',
      () => fleet.agent('chaser-001', { purposes: [] }),
      { status: 401, code: 'certificate_invalid' },
      'chaser-001',
    ],
  ]
  it.each(cases)('refuses %s with a typed answer and one record', async (_, credentials, refusal, proved) => {
    const { address, audited, turned, gateway } = await start()
    const answer = await RawAgent.connect(address, 'chaser-001', await credentials())
    expect(answer).toMatchObject(refusal)
    const { code } = refusal as { code: string }
    expect(turned).toMatchObject([{ agentId: proved, code, source: '127.0.0.1' }])
    expect(audited).toMatchObject([{ entry: { type: 'CONNECTION_REFUSED', detail: { code } } }])
    expect(gateway.connections()).toEqual([])
  })

  it('refuses the console’s own name and the gateway’s, even with a certificate of the fleet', async () => {
    const { address } = await start()
    const own = await fleet.agent('ground-station', { profile: 'ground-station' })
    const refused = { status: 403, code: 'certificate_identity_mismatch' }
    expect(await RawAgent.connect(address, 'ground-station', own)).toMatchObject(refused)
    expect(await RawAgent.connect(address, 'gateway', await fleet.agent('gateway'))).toMatchObject(refused)
  })

  it('does not accept a certificate without its key', async () => {
    const { address, gateway } = await start()
    const stolen = { key: target.key, certificate: chaser.certificate }
    await expect(RawAgent.connect(address, 'chaser-001', stolen)).rejects.toThrow(/key values mismatch/)
    expect(gateway.connections()).toEqual([])
  })

  it.each(['/ws/', '/ws/CHASER', '/ws/chaser-001/x', '/other', '/ws/chaser-001?x=1', '/ws/..%2f'])(
    'answers not_found for %s',
    async (path) => {
      const { address } = await start()
      expect(await RawAgent.connect(address, 'chaser-001', chaser, { path })).toMatchObject({
        status: 404,
        code: 'not_found',
      })
    },
  )

  it('refuses web pages', async () => {
    const { address } = await start()
    const answer = await RawAgent.connect(address, 'chaser-001', chaser, { origin: 'https://example.org' })
    expect(answer).toMatchObject({ status: 403, code: 'not_allowed' })
  })

  it('does not connect what it cannot record, nor when certificates cannot be checked', async () => {
    const full = new Error('disk full')
    const { address, gateway, faults } = await start({
      audit: () => {
        throw full
      },
    })
    const agent = await enter(address, 'chaser-001', chaser)
    expect(await agent.closed).toMatchObject({
      code: 1001,
      reason: expect.stringMatching(/^storage_full: /) as string,
    })
    expect(gateway.connections()).toEqual([])
    expect(faults).toContain(full)
    await gateway.stop()

    const broken = () => {
      throw new Error('no database')
    }
    const second = await start({ directory: { ...fleet.directory, validate: broken } })
    const answer = await RawAgent.connect(second.address, 'chaser-001', chaser)
    expect(answer).toMatchObject({ status: 500, code: 'internal' })
    expect(JSON.stringify(answer)).not.toContain('database')
  })

  it('lets the newer connection of one agent win, which has proved the key as well', async () => {
    const { address, gateway, audited } = await start()
    const presences: boolean[] = []
    gateway.onPresence(({ connected }) => presences.push(connected))
    const older = await enter(address, 'chaser-001', chaser)
    const impostor = await RawAgent.connect(
      address,
      'chaser-001',
      await (await FleetTls.make()).agent('chaser-001'),
    )
    expect(impostor).toMatchObject({ code: 'certificate_untrusted' })
    expect(older.socket.readyState).toBe(older.socket.OPEN)

    const newer = await enter(address, 'chaser-001', chaser)
    expect(await older.closed).toMatchObject({ code: 4409 })
    const other = await enter(address, 'target-station', target)
    other.socket.send(message('target-station', 'chaser-001', 'to the newer'))
    expect((await newer.frame(ofKind(FrameKind.message))).body).toEqual(
      Uint8Array.from(Buffer.from('to the newer')),
    )
    expect(gateway.connections().map(({ agentId }) => agentId)).toEqual(['chaser-001', 'target-station'])
    expect(presences).toEqual([true, true, true])
    expect(audited.filter(({ entry }) => entry.detail.replaces === true)).toHaveLength(1)
  })

  it('takes every connection through a full handshake: no resumption', async () => {
    const { address } = await start()
    const first = await openTls(address)
    const sessions: Buffer[] = []
    first.on('session', (session: Buffer) => sessions.push(session))
    first.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(first, 'data')
    first.destroy()
    for (const session of sessions) {
      const again = connect({ host: '127.0.0.1', port: address.port, rejectUnauthorized: false, session })
      await once(again, 'secureConnect')
      expect(again.isSessionReused()).toBe(false)
      again.destroy()
    }
  })
})

describe('frames', () => {
  it('go to their recipient byte for byte', async () => {
    const { address } = await start()
    const from = await enter(address, 'chaser-001', chaser)
    const to = await enter(address, 'target-station', target)
    const body = new Uint8Array(200_000).fill(7)
    from.socket.send(message('chaser-001', 'target-station', body))
    expect(await to.frame(ofKind(FrameKind.message))).toEqual({
      kind: FrameKind.message,
      from: 'chaser-001',
      to: 'target-station',
      body,
    })
  })

  it('go to the console and come from it', async () => {
    const { address, gateway } = await start()
    const link = gateway.consoleLink
    const frames: Frame[] = []
    link.onFrame((frame) => frames.push(frame))
    expect(link.state).toBe('connected')
    const agent = await enter(address, 'chaser-001', chaser)
    agent.socket.send(message('chaser-001', 'ground-station', 'up'))
    await eventually(() => expect(frames.map(({ kind }) => kind)).toContain(FrameKind.message))
    const down: Frame = {
      kind: FrameKind.message,
      from: 'ground-station',
      to: 'chaser-001',
      body: Uint8Array.of(1),
    }
    expect(link.send(down)).toBe(true)
    expect(await agent.frame(ofKind(FrameKind.message))).toEqual(down)
    expect(link.send({ ...down, to: 'nobody-here' })).toBe(false)
    expect(link.send({ ...down, from: 'target-station' })).toBe(false)
  })

  it('to somebody who is not there are answered with undelivered, and the connection stays', async () => {
    const { address, audited } = await start()
    const agent = await enter(address, 'chaser-001', chaser)
    agent.socket.send(message('chaser-001', 'target-station', 'x'))
    const notice = readUndelivered(await agent.frame(ofKind(FrameKind.undelivered)))
    expect(notice).toMatchObject({ kind: FrameKind.message, to: 'target-station', code: 'agent_unreachable' })
    expect(agent.socket.readyState).toBe(agent.socket.OPEN)
    expect(audited.map(({ entry }) => entry.type)).not.toContain('FRAME_REFUSED')
  })

  it.each([
    ['of an unknown kind', () => message('chaser-001', 'target-station', 'x').with(2, 9), 9],
    [
      'of a kind that only the gateway sends',
      () => message('chaser-001', 'target-station', 'x').with(2, 17),
      17,
    ],
    ['to the gateway', () => message('chaser-001', 'gateway', 'x'), 4],
    ['to their sender', () => message('chaser-001', 'chaser-001', 'x'), 4],
  ])('%s are not relayed, answered and recorded, and the connection stays', async (_, frame, kind) => {
    const { address, audited } = await start()
    const agent = await enter(address, 'chaser-001', chaser)
    const other = await enter(address, 'target-station', target)
    agent.socket.send(frame())
    const notice = readUndelivered(await agent.frame(ofKind(FrameKind.undelivered)))
    expect(notice).toMatchObject({ kind, code: 'invalid_input' })
    expect(audited.at(-1)).toMatchObject({ key: 'unrelayed:chaser-001', entry: { type: 'FRAME_REFUSED' } })
    agent.socket.send(message('chaser-001', 'target-station', 'still works'))
    await other.frame(ofKind(FrameKind.message))
  })

  const whole = message('chaser-001', 'target-station', new Uint8Array(100))
  it.each([
    ['random bytes', Buffer.from('this is not CBOR'), 4400],
    ['nothing', Buffer.alloc(0), 4400],
    ['a truncated frame', whole.subarray(0, 60), 4400],
    ['a frame with bytes behind it', Buffer.concat([whole, Buffer.of(0)]), 4400],
    ['another version', whole.with(1, 2), 4400],
    ['text', 'hello', 4400],
    ['a frame that is too big', new Uint8Array(256 * 1024 + 1), 4413],
  ])(
    'that break the protocol (%s) end their sender’s connection and nobody else’s',
    async (_, bytes, closeCode) => {
      const { address, audited, gateway } = await start()
      const bad = await enter(address, 'chaser-001', chaser)
      const good = await enter(address, 'target-station', target)
      bad.socket.send(bytes)
      expect(await bad.closed).toMatchObject({
        code: closeCode,
        reason: expect.stringMatching(/^invalid_input: /) as string,
      })
      expect(audited.filter(({ entry }) => entry.type === 'FRAME_REFUSED')).toMatchObject([
        {
          key: 'frame:invalid_input:chaser-001',
          entry: { subject: 'chaser-001', detail: { code: 'invalid_input' } },
        },
      ])
      await eventually(() => expect(gateway.isConnected('chaser-001')).toBe(false))
      good.socket.send(message('target-station', 'ground-station', 'fine'))
      expect(good.socket.readyState).toBe(good.socket.OPEN)
      expect(gateway.isConnected('target-station')).toBe(true)
    },
  )

  it('that break the WebSocket protocol itself are told in the same words', async () => {
    const { address, audited } = await start()
    const agent = await enter(address, 'chaser-001', chaser)
    // A frame with reserved bits, written past the WebSocket library.
    ;(agent.socket as unknown as { _socket: { write(bytes: Uint8Array): void } })._socket.write(
      Buffer.of(0xf2, 0x80, 0, 0, 0, 0),
    )
    expect(await agent.closed).toMatchObject({
      code: 4400,
      reason: expect.stringContaining('WebSocket') as string,
    })
    expect(audited.at(-2)?.entry).toMatchObject({ type: 'FRAME_REFUSED', subject: 'chaser-001' })
  })

  it('under another agent’s name end the connection as a security violation, and reach nobody', async () => {
    const { address, audited } = await start()
    const forger = await enter(address, 'chaser-001', chaser)
    const other = await enter(address, 'target-station', target)
    forger.socket.send(message('observer-001', 'target-station', 'forged'))
    expect(await forger.closed).toMatchObject({
      code: 4400,
      reason: expect.stringMatching(/^certificate_identity_mismatch/) as string,
    })
    expect(audited.map(({ entry }) => entry)).toContainEqual(
      expect.objectContaining({
        type: 'SECURITY_VIOLATION',
        severity: 'HIGH',
        actor: 'chaser-001',
        subject: 'observer-001',
      }),
    )
    await other.frame((frame) => frame.kind === FrameKind.presence && !readPresence(frame).connected)
    expect(other.received.filter(ofKind(FrameKind.message))).toEqual([])
  })

  it('faster than allowed end the connection', async () => {
    const { address, audited } = await start({
      clock: new FakeClock(),
      limits: { framesPerSecond: 1, frameBurst: 5 },
    })
    const agent = await enter(address, 'chaser-001', chaser)
    for (let index = 0; index < 6; index += 1) agent.socket.send(message('chaser-001', 'ground-station', 'x'))
    expect(await agent.closed).toMatchObject({
      code: 4429,
      reason: expect.stringMatching(/^rate_limited/) as string,
    })
    expect(audited.map(({ entry }) => entry.detail.code)).toContain('rate_limited')
  })

  it('with more bytes than allowed end the connection, pings count as well', async () => {
    const { address } = await start({
      clock: new FakeClock(),
      limits: { bytesPerSecond: 1, byteBurst: 3000, frameBurst: 50 },
    })
    const big = await enter(address, 'chaser-001', chaser)
    for (let index = 0; index < 3; index += 1)
      big.socket.send(message('chaser-001', 'ground-station', new Uint8Array(1400)))
    expect(await big.closed).toMatchObject({ code: 4429 })
    const pinging = await enter(address, 'target-station', target)
    for (let index = 0; index < 60; index += 1) pinging.socket.ping()
    expect(await pinging.closed).toMatchObject({ code: 4429 })
  })
})

describe('a connection ends', () => {
  it('when the agent does not read, and only that one', async () => {
    const clock = new FakeClock()
    const limits = {
      maxQueueBytes: 600_000,
      slowReaderMilliseconds: 5000,
      framesPerSecond: 1e6,
      frameBurst: 1e6,
      bytesPerSecond: 1e9,
      byteBurst: 1e9,
    }
    const { address, audited, gateway } = await start({ clock, limits })
    const slow = await enter(address, 'target-station', target)
    const fast = await enter(address, 'chaser-001', chaser)
    slow.socket.pause()
    const body = new Uint8Array(200_000)
    // Full for twenty rounds: what the kernel buffers is used up, and nothing moves any more.
    for (let stuck = 0; stuck < 20;) {
      const from = fast.received.length
      fast.socket.send(message('chaser-001', 'target-station', body))
      fast.socket.send(message('chaser-001', 'nobody-here', 'barrier'))
      const notices = (): string[] =>
        fast.received
          .slice(from)
          .filter(ofKind(FrameKind.undelivered))
          .map((frame) => readUndelivered(frame).to)
      await fast.frame(() => notices().includes('nobody-here'))
      stuck = notices().includes('target-station') ? stuck + 1 : 0
    }
    expect(gateway.isConnected('target-station')).toBe(true)
    clock.advance(5000)
    expect(audited.at(-1)?.entry).toMatchObject({
      subject: 'target-station',
      detail: { code: 'agent_unreachable' },
    })
    slow.socket.resume()
    expect(await slow.closed).toMatchObject({ code: 4408 })
    expect(fast.socket.readyState).toBe(fast.socket.OPEN)
  })

  it('when a ping is not answered', async () => {
    const clock = new FakeClock()
    const { address } = await start({ clock, limits: { pingMilliseconds: 1000 } })
    const dead = await enter(address, 'chaser-001', chaser)
    const pings: Buffer[] = []
    dead.socket.on('ping', (data) => pings.push(data))
    clock.advance(1000)
    await eventually(() => expect(pings).toHaveLength(1))
    // The answered ping counts; then the agent falls silent.
    dead.socket.pause()
    clock.advance(1000)
    clock.advance(1000)
    dead.socket.resume()
    expect(await dead.closed).toMatchObject({ code: 4408 })
  })

  it('when its certificate is revoked, while the others get the new CRL', async () => {
    const { address, gateway } = await start()
    const frames: Frame[] = []
    gateway.consoleLink.onFrame((frame) => frames.push(frame))
    const revoked = await enter(address, 'chaser-001', chaser)
    const other = await enter(address, 'target-station', target)
    await other.frame(ofKind(FrameKind.crl))
    const crl = await fleet.revoke(chaser.serial)
    gateway.announceCrl(crl)
    expect(await revoked.closed).toMatchObject({
      code: 4403,
      reason: expect.stringMatching(/^certificate_revoked/) as string,
    })
    await other.frame((frame) => frame.kind === FrameKind.crl && crl.equals(frame.body))
    expect(frames.find(ofKind(FrameKind.crl))?.body).toEqual(Uint8Array.from(crl))
    expect(await RawAgent.connect(address, 'chaser-001', chaser)).toMatchObject({
      status: 403,
      code: 'certificate_revoked',
    })
  })

  it('when its certificate expires while it stands', async () => {
    const clock = new FakeClock()
    const { address } = await start({ clock, limits: { pingMilliseconds: 1000 } })
    const agent = await enter(address, 'chaser-001', chaser)
    fleet.ahead = 40 * 24 * 60 * 60 * 1000
    clock.advance(1000)
    expect(await agent.closed).toMatchObject({
      code: 4403,
      reason: expect.stringMatching(/^certificate_expired/) as string,
    })
  })

  it('when the console says so', async () => {
    const { address, gateway, audited } = await start()
    const agent = await enter(address, 'chaser-001', chaser)
    gateway.disconnect('chaser-001', 4403, 'declared compromised')
    expect(await agent.closed).toEqual({ code: 4403, reason: 'certificate_revoked: declared compromised' })
    await eventually(() => expect(audited.at(-1)?.entry.detail.endedFor).toBe('certificate_revoked'))
    expect(() => gateway.disconnect('nobody-here', 4403, 'x')).not.toThrow()
  })

  it('when the gateway stops, also for those who do not answer, and starts again on the same port', async () => {
    const { address, gateway } = await start({ limits: { closeMilliseconds: 100 } })
    const agent = await enter(address, 'chaser-001', chaser)
    const deaf = await enter(address, 'target-station', target)
    const idle = await openTls(address)
    const ended = once(idle, 'close')
    deaf.socket.pause()
    const states: string[] = []
    gateway.consoleLink.onState((state) => states.push(state))
    await gateway.stop()
    await ended
    deaf.socket.resume()
    expect(await agent.closed).toMatchObject({ code: 1001 })
    expect(gateway.connections()).toEqual([])
    expect(
      gateway.consoleLink.send({
        kind: FrameKind.message,
        from: 'ground-station',
        to: 'chaser-001',
        body: Uint8Array.of(),
      }),
    ).toBe(false)
    const { key, certificate } = await fleet.gateway()
    await gateway.start({ host: '127.0.0.1', port: address.port, key, certificate })
    key.fill(0)
    await enter(address, 'chaser-001', chaser)
    expect(states).toEqual(['disconnected', 'connected'])
  })
})

it('sends an empty CRL frame when the list is too big for one', async () => {
  const { address } = await start({
    limits: { maxFrameBytes: 400 },
    directory: { ...fleet.directory, crl: () => Buffer.alloc(500) },
  })
  const agent = await enter(address, 'chaser-001', chaser)
  expect((await agent.frame(ofKind(FrameKind.crl))).body).toHaveLength(0)
})
