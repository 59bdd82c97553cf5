import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { createCsr, generateIdentity } from '#core/ca/csr.ts'
import { systemClock } from '#core/clock.ts'
import { fingerprint } from '#core/crypto/digest.ts'
import { decodePem } from '#core/crypto/pem.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { AgentLink } from '#core/link/agent-link.ts'
import type { AgentLinkOptions } from '#core/link/agent-link-options.ts'
import { readUndelivered } from '#core/link/control-frames.ts'
import { type Enrolled, enrol, type EnrolOptions } from '#core/link/enrolment-client.ts'
import { encodeFrame } from '#core/link/frame.ts'
import type { GatewayOptions } from '#core/link/gateway.ts'
import { type Frame, FrameKind, type LinkState } from '#core/link/link.ts'
import type { ListenAddress } from '#core/link/listener.ts'
import { FakeClock } from '../support/clock.ts'
import { eventually } from '../support/eventually.ts'
import { type Credentials, FleetTls } from '../support/fleet-tls.ts'
import { type RunningGateway, runGateway } from '../support/gateway.ts'

let fleet: FleetTls
let chaser: Credentials
const ending: (() => unknown)[] = []

beforeAll(async () => {
  fleet = await FleetTls.make()
  chaser = await fleet.agent('chaser-001')
})

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
  await fleet.revoke()
})

async function start(options: Partial<GatewayOptions> = {}): Promise<RunningGateway> {
  const running = await runGateway(fleet, options)
  ending.push(() => running.gateway.stop())
  return running
}

interface Watched {
  readonly link: AgentLink
  readonly states: [LinkState, string | null][]
  readonly frames: Frame[]
  readonly reaches: (state: LinkState) => Promise<string | null>
}

function open(
  { port }: ListenAddress,
  credentials: Credentials,
  options: Partial<AgentLinkOptions> = {},
): Watched {
  const { key, certificate } = credentials
  const agentId = options.agentId ?? 'chaser-001'
  const link = AgentLink.connect({
    gateway: `https://127.0.0.1:${port}`,
    agentId,
    key,
    certificate,
    trustAnchor: fleet.rootPem,
    clock: systemClock,
    random: platformRandom,
    ...options,
    limits: { firstRetryMilliseconds: 5, longestRetryMilliseconds: 20, ...options.limits },
  })
  ending.push(() => link.close())
  const states: Watched['states'] = [[link.state, link.reason]]
  const frames: Frame[] = []
  link.onState((state, reason) => states.push([state, reason]))
  link.onFrame((frame) => frames.push(frame))
  const reaches = async (state: LinkState): Promise<string | null> => {
    await eventually(() => expect(link.state).toBe(state))
    return link.reason
  }
  return { link, states, frames, reaches }
}

const message = (from: string, to: string, body: Uint8Array = Uint8Array.of(1, 2, 3)): Frame => ({
  kind: FrameKind.message,
  from,
  to,
  body,
})

/** Something that answers on a port in the gateway's stead, with a certificate of its own. */
async function answerer(credentials: Credentials, prepare: (server: Server) => void): Promise<ListenAddress> {
  const { key, certificate } = credentials
  const server = createServer({ key, cert: certificate })
  prepare(server)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  ending.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

describe('AgentLink', () => {
  it('connects, and carries frames between agents and the console both ways', async () => {
    const { address, gateway } = await start()
    const a = open(address, chaser)
    const b = open(address, await fleet.agent('target-station'), { agentId: 'target-station' })
    await a.reaches('connected')
    await b.reaches('connected')
    expect(a.states.map(([state]) => state)).toEqual(['connecting', 'connected'])
    expect(a.link.send(message('chaser-001', 'target-station'))).toBe(true)
    await eventually(() => expect(b.frames).toContainEqual(message('chaser-001', 'target-station')))
    expect(gateway.consoleLink.send(message('ground-station', 'chaser-001'))).toBe(true)
    await eventually(() => expect(a.frames).toContainEqual(message('ground-station', 'chaser-001')))
    a.link.send(message('chaser-001', 'nobody-here'))
    await eventually(() => {
      const notice = a.frames.find(({ kind }) => kind === FrameKind.undelivered)
      expect(notice && readUndelivered(notice)).toMatchObject({
        to: 'nobody-here',
        code: 'agent_unreachable',
      })
    })
  })

  it('needs its key only while it is made, and comes back by itself when the gateway restarts', async () => {
    const { address, gateway } = await start()
    const own = await fleet.agent('chaser-001')
    const { link, reaches, states } = open(address, own)
    own.key.fill(0)
    await reaches('connected')
    const { key, certificate } = await fleet.gateway()
    await gateway.stop()
    await reaches('disconnected').catch(() => undefined)
    expect(link.send(message('chaser-001', 'ground-station'))).toBe(false)
    await gateway.start({ ...address, key, certificate })
    await reaches('connected')
    expect(states.find(([state]) => state === 'disconnected')?.[1]).toMatch(
      /^agent_unreachable: The gateway stops/,
    )
  })

  it('waits longer from try to try while nobody answers', async () => {
    const { address, gateway } = await start()
    await gateway.stop()
    const clock = new FakeClock()
    const random = { bytes: (length: number) => Buffer.alloc(length, 0xff) }
    const limits = { firstRetryMilliseconds: 100, longestRetryMilliseconds: 400 }
    const { states, reaches } = open(address, chaser, { clock, random, limits })
    const tries = (): number => states.filter(([state]) => state === 'connecting').length
    for (const [index, wait] of [100, 200, 400, 400].entries()) {
      expect(await reaches('disconnected')).toMatch(/^agent_unreachable: .*ECONNREFUSED/)
      clock.advance(wait - 1)
      expect(tries()).toBe(index + 1)
      clock.advance(1)
      expect(tries()).toBe(index + 2)
    }
    await reaches('disconnected')
  })

  it('says why it is refused, keeps on trying slowly, and connects when that is put right', async () => {
    const { address } = await start()
    const own = await fleet.agent('chaser-001')
    await fleet.revoke(own.serial)
    const clock = new FakeClock()
    const random = { bytes: (length: number) => Buffer.alloc(length, 0xff) }
    const { reaches, states } = open(address, own, {
      clock,
      random,
      limits: { refusedRetryMilliseconds: 60_000 },
    })
    expect(await reaches('refused')).toMatch(/^certificate_revoked: /)
    clock.advance(59_999)
    expect(states.filter(([state]) => state === 'connecting')).toHaveLength(1)
    await fleet.revoke()
    clock.advance(1)
    await reaches('connected')
  })

  it.each([
    ['another agent’s certificate', () => fleet.agent('target-station'), /^certificate_identity_mismatch/],
    [
      'an expired certificate',
      () => fleet.agent('chaser-001', { notBefore: 0, notAfter: Date.now() - 1000 }),
      /^certificate_expired/,
    ],
    [
      'a certificate of another CA',
      async () => (await FleetTls.make()).agent('chaser-001'),
      /^certificate_untrusted/,
    ],
  ])('is refused with %s', async (_, credentials, reason) => {
    const { address } = await start()
    expect(await open(address, await credentials()).reaches('refused')).toMatch(reason)
  })

  it('is told that its certificate was revoked, and that another took its place', async () => {
    const { address, gateway } = await start()
    const own = await fleet.agent('chaser-001')
    const first = open(address, own)
    await first.reaches('connected')
    const second = open(address, own)
    expect(await first.reaches('refused')).toMatch(/^conflict: /)
    await second.reaches('connected')
    gateway.announceCrl(await fleet.revoke(own.serial))
    expect(await second.reaches('refused')).toMatch(/^certificate_revoked: /)
  })

  it.each([
    ['of another fleet', async () => (await FleetTls.make()).gateway(), /^certificate_untrusted/],
    [
      'of an agent of the fleet',
      () => fleet.agent('localhost', { hosts: [{ type: 'ip', value: '127.0.0.1' }] }),
      /^certificate_identity_mismatch/,
    ],
    [
      'that has expired',
      () => fleet.agent('gateway', { profile: 'gateway', notBefore: 0, notAfter: Date.now() - 1000 }),
      /^certificate_expired/,
    ],
  ])('does not talk to a gateway with a certificate %s', async (_, credentials, reason) => {
    let reached = 0
    const address = await answerer(await credentials(), (server) =>
      server.on('upgrade', () => (reached += 1)),
    )
    expect(await open(address, chaser).reaches('refused')).toMatch(reason)
    expect(reached).toBe(0)
  })

  it('takes a further check of the gateway’s certificate', async () => {
    const { address } = await start()
    const seen: Uint8Array[] = []
    const checkGateway = (certificate: Uint8Array): string => {
      seen.push(certificate)
      return 'The gateway’s certificate is revoked.'
    }
    expect(await open(address, chaser, { checkGateway }).reaches('refused')).toMatch(/^certificate_revoked/)
    expect(seen[0]?.length).toBeGreaterThan(500)
  })

  it('gives up a gateway that does not answer the upgrade, and one that falls silent', async () => {
    const clock = new FakeClock()
    let upgrades = 0
    const mute = await answerer(await fleet.gateway(), (server) =>
      server.on('upgrade', () => (upgrades += 1)),
    )
    const waiting = open(mute, chaser, { clock, limits: { connectMilliseconds: 5000 } })
    await eventually(() => expect(upgrades).toBe(1))
    clock.advance(5000)
    expect(await waiting.reaches('disconnected')).toMatch(/did not answer in time/)

    const { address } = await start({ clock: new FakeClock(), limits: { pingMilliseconds: 1000 } })
    const silent = open(address, chaser, { clock })
    await eventually(() => expect(silent.frames.map(({ kind }) => kind)).toContain(FrameKind.crl))
    clock.advance(2000)
    expect(silent.link.state).toBe('connected')
    clock.advance(1000)
    expect(await silent.reaches('disconnected')).toMatch(/^agent_unreachable: /)
  })

  it('refuses what its queue cannot hold, and sends nothing of it', async () => {
    const { address } = await start()
    const { link, reaches } = open(address, chaser, { limits: { maxQueueBytes: 1000 } })
    await reaches('connected')
    expect(link.send(message('chaser-001', 'ground-station', new Uint8Array(1000)))).toBe(false)
    expect(link.send(message('chaser-001', 'ground-station', new Uint8Array(300_000)))).toBe(false)
    expect(link.send(message('chaser-001', 'ground-station', new Uint8Array(500)))).toBe(true)
  })

  it('drops frames that a gateway may not send, and leaves one that sends rubbish', async () => {
    const upgrades = new WebSocketServer({ noServer: true })
    const sockets: WebSocket[] = []
    const address = await answerer(await fleet.gateway(), (server) =>
      server.on('upgrade', (request, socket, head) => {
        upgrades.handleUpgrade(request, socket, head, (webSocket) => sockets.push(webSocket))
      }),
    )
    const { frames, states, reaches } = open(address, chaser)
    await reaches('connected')
    const socket = sockets[0]!
    const good = message('target-station', 'chaser-001')
    socket.send(encodeFrame(message('target-station', 'observer-001')))
    socket.send(encodeFrame(message('gateway', 'chaser-001')))
    socket.send(encodeFrame({ ...good, kind: FrameKind.crl }))
    socket.send(encodeFrame(good))
    await eventually(() => expect(frames).toEqual([good]))
    socket.send('text')
    await eventually(() => expect(states.map(([state]) => state)).toContain('disconnected'))
    expect(states.find(([state]) => state === 'disconnected')?.[1]).toMatch(
      /closed the connection|cannot be read|broke/,
    )
  })

  it('fetches a CRL that is too big for a frame', async () => {
    const crl = Buffer.alloc(300_000, 5)
    const { address } = await start({ directory: { ...fleet.directory, crl: () => crl } })
    const { frames } = open(address, chaser)
    await eventually(() =>
      expect(frames.find(({ kind }) => kind === FrameKind.crl)?.body).toHaveLength(crl.length),
    )
  })

  it('ends when it is closed, in whatever state, and does not come back', async () => {
    const { address, gateway } = await start()
    const clock = new FakeClock()
    const connected = open(address, chaser, { clock })
    await connected.reaches('connected')
    await connected.link.close()
    await eventually(() => expect(gateway.isConnected('chaser-001')).toBe(false))
    const connecting = open(address, chaser, { clock })
    await connecting.link.close()
    await connecting.link.close()
    clock.advance(600_000)
    expect([connected.link.state, connecting.link.state]).toEqual(['disconnected', 'disconnected'])
    expect(connecting.states.filter(([state]) => state === 'connecting')).toHaveLength(1)
  })
})

describe('enrol', () => {
  const identity = generateIdentity()
  const options = async (address: ListenAddress, rest: Partial<EnrolOptions> = {}): Promise<EnrolOptions> => {
    const keyPair = await identity
    const csr = await createCsr({ agentId: 'chaser-001', profile: 'spacecraft', keyPair })
    return {
      gateway: `https://127.0.0.1:${address.port}`,
      csr: csr.pem,
      publicKey: keyPair.spki,
      agentId: 'chaser-001',
      trust: { fingerprint: fingerprint(fleet.root.certificate) },
      clock: systemClock,
      ...rest,
    }
  }

  /** Approves the first request, with `certificate`. */
  const approve = async ({ desk }: RunningGateway, certificate: string): Promise<void> => {
    await eventually(() => expect(desk.submitted).toHaveLength(1))
    desk.decide('1'.padStart(32, '0'), {
      state: 'approved',
      reason: null,
      certificate,
      chain: [fleet.rootPem],
    })
  }

  const ownCertificate = async (agentId = 'chaser-001', of = fleet): Promise<string> => {
    const keyPair = await identity
    const algorithm = { name: 'ECDSA', namedCurve: 'P-384' }
    const publicKey = await crypto.subtle.importKey('spki', Uint8Array.from(keyPair.spki), algorithm, true, [
      'verify',
    ])
    const privateKey = await crypto.subtle.importKey(
      'pkcs8',
      Uint8Array.from(keyPair.pkcs8),
      algorithm,
      true,
      ['sign'],
    )
    const signing = { name: 'ECDSA', hash: 'SHA-384' }
    const keys = {
      publicKey,
      privateKey,
      signing,
      spki: Buffer.from(keyPair.spki),
      pkcs8: () => Promise.resolve(Buffer.from(keyPair.pkcs8)),
    }
    return (await of.agent(agentId, { keys })).certificate
  }

  it('gets its certificate, knowing only the fingerprint of the root', async () => {
    const running = await start()
    const pending: string[] = []
    const shown = fingerprint(fleet.root.certificate)
      .toUpperCase()
      .replace(/(..)(?=.)/g, '$1:')
    const enrolling = enrol(
      await options(running.address, {
        trust: { fingerprint: shown },
        onPending: (receipt) => pending.push(receipt.fingerprint),
      }),
    )
    const certificate = await ownCertificate()
    await approve(running, certificate)
    const enrolled: Enrolled = await enrolling
    expect(enrolled).toMatchObject({ certificate, chain: [fleet.rootPem] })
    expect(decodePem('CERTIFICATE', enrolled.trustAnchor)).toEqual(fleet.root.certificate)
    expect(pending).toEqual(['ab'.repeat(32)])
  })

  it('does not believe a root with another fingerprint, and hands nothing in', async () => {
    const { address, desk } = await start()
    const wrong = enrol(await options(address, { trust: { fingerprint: '0'.repeat(64) } }))
    await expect(wrong).rejects.toMatchObject({ code: 'certificate_untrusted' })
    await expect(enrol(await options(address, { trust: { fingerprint: 'abc' } }))).rejects.toMatchObject({
      code: 'invalid_input',
    })
    const other = { trustAnchor: (await FleetTls.make()).rootPem }
    await expect(enrol(await options(address, { trust: other }))).rejects.toMatchObject({
      code: 'certificate_untrusted',
    })
    expect(desk.submitted).toEqual([])
  })

  it.each([
    [
      'for another key',
      async () => (await fleet.agent('chaser-001')).certificate,
      'certificate_identity_mismatch',
    ],
    ['for another agent', () => ownCertificate('observer-001'), 'certificate_identity_mismatch'],
    [
      'of another CA',
      async () => ownCertificate('chaser-001', await FleetTls.make()),
      'certificate_untrusted',
    ],
    ['that is none', () => Promise.resolve('rubbish'), 'certificate_invalid'],
  ])('does not take a certificate %s', async (_, certificate, code) => {
    const running = await start()
    const enrolling = enrol(await options(running.address))
    const refused = expect(enrolling).rejects.toMatchObject({ code })
    await approve(running, await certificate())
    await refused
  })

  it('says the operator’s reason, and the desk’s', async () => {
    const running = await start()
    const refused = enrol(await options(running.address))
    await eventually(() => expect(running.desk.submitted).toHaveLength(1))
    running.desk.decide('1'.padStart(32, '0'), {
      state: 'refused',
      reason: 'nobody asked for it',
      certificate: null,
      chain: [],
    })
    await expect(refused).rejects.toMatchObject({
      code: 'not_allowed',
      message: expect.stringContaining('nobody asked for it') as string,
    })
  })

  it('goes on waiting while the gateway restarts', async () => {
    const running = await start()
    const enrolling = enrol(await options(running.address))
    await eventually(() => expect(running.desk.waiting).toBe(1))
    const { key, certificate } = await fleet.gateway()
    await running.gateway.stop()
    await running.gateway.start({ ...running.address, key, certificate })
    await approve(running, await ownCertificate())
    await expect(enrolling).resolves.toHaveProperty('certificate')
  })

  it('stops when it is told to, while it waits and while nobody answers', async () => {
    const running = await start()
    const controller = new AbortController()
    const waiting = enrol(await options(running.address, { signal: controller.signal }))
    const stopped = expect(waiting).rejects.toThrow('enough')
    await eventually(() => expect(running.desk.waiting).toBe(1))
    controller.abort(new Error('enough'))
    await stopped
    await running.gateway.stop()
    await expect(enrol(await options(running.address))).rejects.toMatchObject({ code: 'agent_unreachable' })
    await expect(enrol(await options(running.address, { gateway: 'http://x' }))).rejects.toMatchObject({
      code: 'invalid_input',
    })
  })

  it('does not swallow an endless answer, nor take something else for a gateway', async () => {
    const trust = { trustAnchor: fleet.rootPem }
    const endless = await answerer(await fleet.gateway(), (server) =>
      server.on('request', (_, response) => {
        const more = (): void => {
          if (!response.destroyed) response.write(Buffer.alloc(65_536), more)
        }
        more()
      }),
    )
    await expect(enrol(await options(endless, { trust }))).rejects.toMatchObject({ code: 'invalid_input' })
    const other = await answerer(await fleet.gateway(), (server) =>
      server.on('request', (_, response) => response.end('<html>')),
    )
    await expect(enrol(await options(other, { trust }))).rejects.toMatchObject({ code: 'invalid_input' })
  })
})
