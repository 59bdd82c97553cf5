import { describe, expect, it } from 'vitest'
import type { TrafficEntry } from '#shared/model/session.ts'
import { FrameKind } from '#core/link/link.ts'
import { sessionPair, settle } from '../../support/session-pair.ts'

const docking = {
  type: 'docking_request',
  position: [10, 5, 0],
  velocity: [-0.1, -0.05, 0],
  approach_vector: [1, 0, 0],
  estimated_contact_time: 1_795_000_000,
}

describe('a session between two agents', () => {
  it('is established with both sides agreeing on what they have', async () => {
    const { chaser, target } = sessionPair()
    const session = await chaser.establishSecureSession('target-station', 'high')
    const [other] = target.sessions()
    expect(session.view(300)).toMatchObject({
      initiator: 'chaser-001',
      responder: 'target-station',
      state: 'active',
      perfectForwardSecrecy: true,
      postQuantumSecure: false,
      keyVersion: 1,
    })
    expect(other?.sessionId).toBe(session.sessionId)
  })

  it('delivers a message once, in the clear only at its ends, and says so to the sender', async () => {
    const { chaser, target, network, clock } = sessionPair()
    const session = await chaser.establishSecureSession('target-station')
    const sent = chaser.sendSecureMessage(session, docking, 3)
    const received = await target.receiveSecureMessage({ peerAgent: 'chaser-001' })
    expect(await sent).toBe(true)
    expect(received?.message).toEqual(docking)
    expect(received?.header.priority).toBe(3)
    for (const frame of network.recorded)
      expect(Buffer.from(frame.body).includes('approach_vector')).toBe(false)
    const another = target.receiveSecureMessage({ peerAgent: 'chaser-001' }, 1)
    clock.advance(1000)
    expect(await another).toBe(null)
  })

  it('refuses a level that this build does not offer, and says which to use', async () => {
    const { chaser } = sessionPair()
    await expect(chaser.establishSecureSession('target-station', 'critical')).rejects.toThrow(
      /not offered by this build; use "high"/,
    )
  })

  it('is not established with an agent whose certificate is revoked, and both sides say why', async () => {
    const { chaser, target, directory } = sessionPair()
    directory.revoked.add('chaser-001')
    const refusals: string[] = []
    target.on('handshakeFailed', ({ peer, error }) => refusals.push(`${peer} ${error.code}`))
    await expect(chaser.establishSecureSession('target-station')).rejects.toMatchObject({
      code: 'certificate_revoked',
    })
    expect(refusals).toEqual(['chaser-001 certificate_revoked'])
    expect(chaser.sessions()).toEqual([])
    expect(target.sessions()).toEqual([])
  })

  it('settles on one session when both begin at once', async () => {
    const { chaser, target } = sessionPair()
    const [one, two] = await Promise.all([
      chaser.establishSecureSession('target-station'),
      target.establishSecureSession('chaser-001'),
    ])
    expect(one.sessionId).toBe(two.sessionId)
    expect(chaser.sessions()).toHaveLength(1)
    expect(target.sessions()).toHaveLength(1)
  })
})

describe('a recorded frame', () => {
  async function attack(change: (body: Uint8Array) => Uint8Array, wait = 0): Promise<TrafficEntry[]> {
    const { chaser, target, network, clock } = sessionPair()
    const refused: TrafficEntry[] = []
    target.on('traffic', (entry) => entry.verdict !== null && refused.push(entry))
    const session = await chaser.establishSecureSession('target-station')
    const sent = chaser.sendSecureMessage(session, docking, 3)
    await target.receiveSecureMessage(session.initiator ? { peerAgent: 'chaser-001' } : session)
    await sent
    const frame = network.recorded.find((one) => one.kind === FrameKind.message && one.from === 'chaser-001')!
    clock.advance(wait)
    network.deliver({ ...frame, body: change(frame.body) })
    await settle(() => refused.length > 0)
    expect(await received(target)).toBe(null)
    return refused

    async function received(agent: typeof target) {
      const next = agent.receiveSecureMessage({ peerAgent: 'chaser-001' }, 1)
      clock.advance(1000)
      return next
    }
  }

  it('is refused as a duplicate when replayed', async () => {
    expect(await attack((body) => body)).toMatchObject([
      { verdict: 'duplicate', messageType: 'docking_request', sender: 'chaser-001' },
    ])
  })

  it('is refused as altered when any byte of it is changed', async () => {
    const flip = (at: number) => (body: Uint8Array) => {
      const changed = Uint8Array.from(body)
      changed[changed.length + at]! ^= 1
      return changed
    }
    expect(await attack(flip(-1))).toMatchObject([{ verdict: 'bad_tag' }])
    expect(await attack(flip(-40))).toMatchObject([{ verdict: 'bad_tag' }])
  })

  it('is refused as malformed when truncated', async () => {
    expect(await attack((body) => body.subarray(0, body.length - 1))).toMatchObject([
      { verdict: 'malformed' },
    ])
  })
})

describe('a message that was held back', () => {
  it('is refused as stale, though it is authentic and was never seen', async () => {
    const { chaser, target, network, clock } = sessionPair({ maxMessageAge: 60 })
    const refused: TrafficEntry[] = []
    target.on('traffic', (entry) => entry.verdict !== null && refused.push(entry))
    const session = await chaser.establishSecureSession('target-station')
    const held: Parameters<typeof network.deliver>[0][] = []
    network.wire = (frame, deliver) =>
      frame.from === 'chaser-001' && frame.kind === FrameKind.message ? held.push(frame) : deliver(frame)
    const sent = chaser.sendSecureMessage(session, docking, 3)
    await settle(() => held.length > 0)
    clock.advance(61_000)
    expect(await sent).toBe(false)
    network.deliver(held[0]!)
    await settle(() => refused.length > 0)
    expect(refused[0]).toMatchObject({ verdict: 'stale', messageType: 'docking_request' })
  })
})

describe('a rekey', () => {
  it('happens on the timer and leaves the session running', async () => {
    const { chaser, target, clock } = sessionPair({ keyRotationInterval: 300 })
    const session = await chaser.establishSecureSession('target-station')
    const versions: string[] = []
    chaser.on('rotation', (entry) => versions.push(`chaser ${entry.keyVersion} ${entry.trigger}`))
    target.on('rotation', (entry) => versions.push(`target ${entry.keyVersion} ${entry.trigger}`))
    clock.advance(300_000)
    await settle(() => versions.length === 2)
    expect(versions).toEqual(['chaser 2 timer', 'target 2 peer'])
    expect(session.keyVersion).toBe(2)
  })

  it('loses and re-orders nothing under load, also when both sides ask at once', async () => {
    const { chaser, target } = sessionPair()
    const got: number[] = []
    target.on('message', ({ message }) => got.push(message['number'] as number))
    const session = await chaser.establishSecureSession('target-station')
    const sent: Promise<boolean>[] = []
    for (let number = 0; number < 300; number++) {
      sent.push(chaser.sendSecureMessage(session, { type: 'telemetry', number }, 1))
      if (number % 25 === 0) {
        const rotations = await Promise.all([
          chaser.rotate(session, 'operator'),
          target.rotate(target.sessions()[0]!, 'operator'),
        ])
        expect(rotations.map((entry) => entry.outcome)).toEqual(['rotated', 'rotated'])
      }
    }
    expect(new Set(await Promise.all(sent))).toEqual(new Set([true]))
    expect(got).toEqual(Array.from({ length: 300 }, (_, number) => number))
    expect(session.keyVersion).toBe(13)
  })

  it('fails plainly when the peer does not answer, and the session goes on', async () => {
    const { chaser, network, clock } = sessionPair()
    const session = await chaser.establishSecureSession('target-station')
    network.wire = () => undefined
    const rotation = chaser.rotate(session, 'operator')
    clock.advance(10_000)
    expect(await rotation).toMatchObject({ outcome: 'failed', keyVersion: 1 })
    expect(session.closed).toBe(false)
  })

  it('still reads what was sealed under the old version until its grace period ends', async () => {
    const { chaser, target, network, clock } = sessionPair({ maxMessageAge: 60 })
    const refused: TrafficEntry[] = []
    const accepted: TrafficEntry[] = []
    target.on('traffic', (entry) => (entry.verdict === null ? accepted : refused).push(entry))
    const session = await chaser.establishSecureSession('target-station')
    const held: Parameters<typeof network.deliver>[0][] = []
    network.wire = (frame, deliver) =>
      frame.from === 'chaser-001' && held.length < 2 ? held.push(frame) : deliver(frame)
    void chaser.sendSecureMessage(session, { type: 'telemetry', number: 1 }, 1)
    void chaser.sendSecureMessage(session, { type: 'telemetry', number: 2 }, 1)
    await settle(() => held.length === 2)
    await target.rotate(target.sessions()[0]!, 'operator')
    network.deliver(held[0]!)
    await settle(() => accepted.length === 1)
    expect(accepted[0]).toMatchObject({ keyVersion: 1 })
    clock.advance(61_000)
    network.deliver(held[1]!)
    await settle(() => refused.length > 0)
    expect(refused[0]).toMatchObject({ verdict: 'unknown_key_version', keyVersion: 1 })
  })
})

describe('delivery', () => {
  it('sends by priority, critical first', async () => {
    const { chaser, target, network } = sessionPair()
    const got: number[] = []
    target.on('message', ({ header }) => got.push(header.priority))
    const session = await chaser.establishSecureSession('target-station')
    network.links.get('chaser-001')!.change('disconnected')
    const sent = [1, 3, 5, 2, 4, 1].map((priority) =>
      chaser.sendSecureMessage(session, { type: 'telemetry' }, priority),
    )
    network.links.get('chaser-001')!.change('connected')
    await Promise.all(sent)
    expect(got).toEqual([5, 4, 3, 2, 1, 1])
  })

  it('carries on in a new session when the peer has lost the old one', async () => {
    const pair = sessionPair()
    const session = await pair.chaser.establishSecureSession('target-station')
    pair.target.stop()
    await settle(() => session.closed)
    const restarted = pair.agent('target-station')
    const got: unknown[] = []
    restarted.on('message', ({ message }) => got.push(message['number']))
    expect(await pair.chaser.sendSecureMessage(session, { type: 'telemetry', number: 7 }, 1)).toBe(true)
    expect(got).toEqual([7])
  })

  it('asks a peer that was restarted whether the session is still there, which is no incident', async () => {
    const pair = sessionPair()
    const session = await pair.chaser.establishSecureSession('target-station')
    pair.network.wire = () => undefined
    pair.target.stop()
    pair.network.wire = (frame, deliver) => deliver(frame)
    const restarted = pair.agent('target-station')
    const refused: TrafficEntry[] = []
    restarted.on('traffic', (entry) => refused.push(entry))
    pair.network.links.get('chaser-001')!.change('disconnected')
    pair.network.links.get('chaser-001')!.change('connected')
    await settle(() => restarted.sessions().length === 1)
    expect(restarted.sessions()[0]!.sessionId).not.toBe(session.sessionId)
    expect(refused).toEqual([])
  })

  it('hands a message over once when its acknowledgement was lost', async () => {
    const { chaser, target, network, clock } = sessionPair()
    const got: unknown[] = []
    target.on('message', ({ message }) => got.push(message['number']))
    const session = await chaser.establishSecureSession('target-station')
    let lost = 0
    network.wire = (frame, deliver) =>
      frame.from === 'target-station' && lost++ === 0 ? undefined : deliver(frame)
    const sent = chaser.sendSecureMessage(session, { type: 'telemetry', number: 1 }, 1)
    await settle(() => lost > 0)
    clock.advance(3_000)
    expect(await sent).toBe(true)
    expect(got).toEqual([1])
  })
})
