import { decode, encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import type { SecurityException } from '#core/errors.ts'
import { FrameKind } from '#core/link/link.ts'
import { type HandshakeParty, type HandshakeResult, Initiator, Responder } from '#core/session/handshake.ts'
import { KeyDirectory, sessionPair, settle } from '../../support/session-pair.ts'

const directory = new KeyDirectory()
const chaser = directory.party('chaser-001')
const target = directory.party('target-station')
const observer = directory.party('observer-001')

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const changed = Uint8Array.from(bytes)
  changed[at]! ^= 1
  return changed
}

/** The code of what a step refuses with; fails the test when it does not refuse. */
async function refusal(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    return (error as SecurityException).code
  }
  return 'accepted'
}

/** Runs a handshake up to message 3, which is not read yet. */
async function begin(from: HandshakeParty = chaser, to: HandshakeParty = target) {
  const initiator = new Initiator(from, to.agentId, 'high')
  const responder = await Responder.respond(to, from.agentId, initiator.message1)
  const { message3, result } = await initiator.readReply(responder.message2)
  return { initiator, responder, message3, result }
}

const secretOf = (result: HandshakeResult): string => result.trafficSecret.toString('hex')

describe('a handshake', () => {
  it('gives both sides the same secret, the right names, and each other’s first sequence number', async () => {
    const { responder, message3, result } = await begin()
    const other = responder.readConfirm(message3)
    expect(secretOf(other)).toBe(secretOf(result))
    expect(result).toMatchObject({
      peer: 'target-station',
      initiator: true,
      peerFirstSequence: other.ourFirstSequence,
    })
    expect(other).toMatchObject({
      peer: 'chaser-001',
      initiator: false,
      peerFirstSequence: result.ourFirstSequence,
    })
    expect(other.sessionId).toEqual(result.sessionId)
  })

  it('gives a secret of its own each time', async () => {
    const secrets = await Promise.all(Array.from({ length: 8 }, async () => secretOf((await begin()).result)))
    expect(new Set(secrets).size).toBe(8)
  })

  it('works with RSA-4096 identities, on either side', async () => {
    const rsa = directory.party('relay-rsa', 'rsa')
    for (const [from, to] of [
      [rsa, target],
      [chaser, rsa],
    ] as const) {
      const { responder, message3, result } = await begin(from, to)
      expect(secretOf(responder.readConfirm(message3))).toBe(secretOf(result))
    }
  })

  it('shows nobody on the way the identity of either side', async () => {
    const { initiator, responder, message3 } = await begin()
    for (const message of [initiator.message1, responder.message2, message3])
      for (const certificate of [chaser.chain[0]!, target.chain[0]!])
        expect(Buffer.from(message).includes(Buffer.from(certificate).subarray(0, 40))).toBe(false)
  })
})

describe('a handshake with a byte changed on the way', () => {
  it('in message 1: is refused by the responder, or its reply by the initiator', async () => {
    const { message1 } = new Initiator(chaser, 'target-station', 'high')
    for (let at = 0; at < message1.length; at++) {
      const initiator = new Initiator(chaser, 'target-station', 'high')
      const outcome = await refusal(async () => {
        const responder = await Responder.respond(target, 'chaser-001', flipped(initiator.message1, at))
        await initiator.readReply(responder.message2)
      })
      expect(outcome, `byte ${at}`).toMatch(/^(session_failed|encryption_failed|authentication_failed)$/)
    }
  })

  it('in message 2: is refused by the initiator', async () => {
    const initiator = new Initiator(chaser, 'target-station', 'high')
    const { message2 } = await Responder.respond(target, 'chaser-001', initiator.message1)
    for (let at = 0; at < message2.length; at++)
      expect(await refusal(() => initiator.readReply(flipped(message2, at))), `byte ${at}`).toMatch(
        /^(session_failed|encryption_failed|authentication_failed)$/,
      )
  })

  it('in message 3: is refused by the responder', async () => {
    const { message3 } = await begin()
    for (let at = 0; at < message3.length; at++) {
      const { responder, message3: own } = await begin()
      if (at >= own.length) continue
      const sessionIdAt = 3
      // The session id is only for finding the handshake; with another one the message finds none.
      if (at >= sessionIdAt && at < sessionIdAt + 16) continue
      expect(await refusal(() => responder.readConfirm(flipped(own, at))), `byte ${at}`).toMatch(
        /^(session_failed|authentication_failed)$/,
      )
    }
  }, 60_000)

  it('leaves no session on either side, whichever message it was', async () => {
    const kinds = [FrameKind.handshakeInitiate, FrameKind.handshakeReply, FrameKind.handshakeConfirm]
    for (const kind of kinds) {
      for (const fraction of [0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999]) {
        const { chaser: from, target: to, network, clock } = sessionPair()
        network.wire = (frame, deliver) =>
          deliver(
            frame.kind === kind
              ? { ...frame, body: flipped(frame.body, Math.floor(frame.body.length * fraction)) }
              : frame,
          )
        let outcome = ''
        from.establishSecureSession('target-station').then(
          () => (outcome = 'established'),
          (error: unknown) => (outcome = (error as SecurityException).code),
        )
        // A message that cannot be told apart from none is answered by nobody: then the time is up.
        for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve))
        clock.advance(10_000)
        await settle(() => outcome !== '')
        expect(outcome, `message ${kind} at ${fraction}`).not.toBe('established')
        expect(from.sessions()).toEqual([])
        expect(to.sessions()).toEqual([])
      }
    }
  })

  it('is refused when truncated anywhere', async () => {
    const { initiator, responder, message3 } = await begin()
    for (const length of [0, 1, 20, 100, initiator.message1.length - 1])
      expect(
        await refusal(() => Responder.respond(target, 'chaser-001', initiator.message1.subarray(0, length))),
      ).toBe('session_failed')
    for (const length of [0, 1, 100, responder.message2.length - 1])
      expect(await refusal(() => initiator.readReply(responder.message2.subarray(0, length)))).toBe(
        'session_failed',
      )
    expect(await refusal(() => responder.readConfirm(message3.subarray(0, message3.length - 1)))).toBe(
      'session_failed',
    )
  })
})

describe('a handshake request', () => {
  type Message1 = [number, Uint8Array, string, number[], Uint8Array, Uint8Array]
  const changed = (change: (fields: Message1) => unknown): Uint8Array => {
    const fields = decode(new Initiator(chaser, 'target-station', 'high').message1) as Message1
    return encode(change(fields))
  }
  const asked = (change: (fields: Message1) => unknown): Promise<string> =>
    refusal(() => Responder.respond(target, 'chaser-001', changed(change)))

  it('is refused with a point that is not on the curve, at infinity, zero, or in another form', async () => {
    const offCurve = (point: Uint8Array): Uint8Array => flipped(point, 96)
    const points: ((point: Uint8Array) => Uint8Array)[] = [
      offCurve,
      () => Buffer.concat([Buffer.of(4), Buffer.alloc(96)]),
      () => Buffer.alloc(97),
      () => Buffer.concat([Buffer.of(4), Buffer.alloc(96, 0xff)]),
      (point) => Buffer.concat([Buffer.of(2), point.subarray(1)]),
    ]
    for (const make of points)
      expect(
        await asked(([version, id, level, offered, nonce, point]) => [
          version,
          id,
          level,
          offered,
          nonce,
          make(point),
        ]),
      ).toBe('encryption_failed')
    expect(await asked((fields) => fields.with(5, Buffer.of(0)))).toBe('session_failed')
  })

  it('is refused without a suite that this agent has, and with a level that the suite does not serve', async () => {
    expect(await asked((fields) => fields.with(3, [2, 3]))).toBe('session_failed')
    expect(await asked((fields) => fields.with(3, []))).toBe('session_failed')
    expect(await asked((fields) => fields.with(2, 'standard'))).toBe('session_failed')
    expect(await asked((fields) => fields.with(2, 'critical'))).toBe('session_failed')
  })

  it('is refused in another version, with a field more, or nested endlessly', async () => {
    expect(await asked((fields) => fields.with(0, 2))).toBe('session_failed')
    expect(await asked((fields) => [...fields, 0])).toBe('session_failed')
    expect(await asked((fields) => new Map(fields.entries()))).toBe('session_failed')
    expect(await refusal(() => Responder.respond(target, 'chaser-001', Buffer.alloc(30_000, 0x81)))).toBe(
      'session_failed',
    )
    expect(await refusal(() => Responder.respond(target, 'chaser-001', Buffer.alloc(33_000)))).toBe(
      'session_failed',
    )
  })

  it('cannot be talked down: offers added or removed on the way end the handshake', async () => {
    const initiator = new Initiator(chaser, 'target-station', 'high')
    const fields = decode(initiator.message1) as Message1
    for (const offered of [
      [1, 7],
      [7, 1],
    ]) {
      const { message2 } = await Responder.respond(target, 'chaser-001', encode(fields.with(3, offered)))
      expect(await refusal(() => initiator.readReply(message2))).toBe('authentication_failed')
    }
  })
})

describe('a handshake reply', () => {
  type Message2 = [Uint8Array, Uint8Array]
  async function answered(change: (clear: unknown[]) => unknown[]): Promise<string> {
    const initiator = new Initiator(chaser, 'target-station', 'high')
    const { message2 } = await Responder.respond(target, 'chaser-001', initiator.message1)
    const [clear, sealed] = decode(message2) as Message2
    return refusal(() => initiator.readReply(encode([encode(change(decode(clear) as unknown[])), sealed])))
  }

  it('is refused with a suite that was not offered', async () => {
    expect(await answered((clear) => clear.with(2, 2))).toBe('session_failed')
  })

  it('is refused for another session', async () => {
    expect(await answered((clear) => clear.with(1, Buffer.alloc(16)))).toBe('session_failed')
  })

  it('is refused with a point that is not on the curve', async () => {
    expect(await answered((clear) => clear.with(4, Buffer.alloc(97, 4)))).toBe('encryption_failed')
  })

  it('is refused when it comes from an agent other than the one asked', async () => {
    const initiator = new Initiator(chaser, 'target-station', 'high')
    const { message2 } = await Responder.respond(observer, 'chaser-001', initiator.message1)
    expect(await refusal(() => initiator.readReply(message2))).toBe('authentication_failed')
  })

  it('is refused when its sender shows the certificate of the agent asked, without having its key', async () => {
    const thief: HandshakeParty = { ...observer, agentId: 'target-station', chain: target.chain }
    const initiator = new Initiator(chaser, 'target-station', 'high')
    const { message2 } = await Responder.respond(thief, 'chaser-001', initiator.message1)
    await expect(initiator.readReply(message2)).rejects.toThrow(/holds the key of its certificate/)
  })

  it('is refused when its sender shows its own certificate under the name of the agent asked', async () => {
    const impostor: HandshakeParty = { ...observer, agentId: 'target-station' }
    const initiator = new Initiator(chaser, 'target-station', 'high')
    const { message2 } = await Responder.respond(impostor, 'chaser-001', initiator.message1)
    expect(await refusal(() => initiator.readReply(message2))).toBe('certificate_identity_mismatch')
  })

  it('is refused when it shows no certificate, or too many', async () => {
    for (const chain of [[], Array.from({ length: 5 }, () => target.chain[0]!)]) {
      const initiator = new Initiator(chaser, 'target-station', 'high')
      const { message2 } = await Responder.respond({ ...target, chain }, 'chaser-001', initiator.message1)
      expect(await refusal(() => initiator.readReply(message2))).toBe('session_failed')
    }
  })
})

describe('a handshake confirmation', () => {
  it('of another handshake of the same two agents is refused', async () => {
    const first = await begin()
    const second = await begin()
    expect(await refusal(() => second.responder.readConfirm(first.message3))).toBe('authentication_failed')
  })

  it('with the certificate of another agent is refused', async () => {
    const impostor: HandshakeParty = { ...observer, agentId: 'chaser-001' }
    const { responder, message3 } = await begin(impostor, target)
    expect(await refusal(() => responder.readConfirm(message3))).toBe('certificate_identity_mismatch')
  })

  it('with a stolen certificate and no key to it is refused', async () => {
    const thief: HandshakeParty = { ...observer, agentId: 'chaser-001', chain: chaser.chain }
    const { responder, message3 } = await begin(thief, target)
    expect(await refusal(() => responder.readConfirm(message3))).toBe('authentication_failed')
  })

  it('ends the responder’s part, good or bad: its secrets are gone', async () => {
    const { responder, message3 } = await begin()
    await refusal(() => responder.readConfirm(flipped(message3, message3.length - 1)))
    expect(await refusal(() => responder.readConfirm(message3))).toBe('authentication_failed')
  })
})

describe('an attack by an agent of the fleet', () => {
  it('cannot make a peer believe that a session is with somebody else (unknown key share)', async () => {
    // observer-001 passes chaser-001's own request on as its own, and the answer back.
    const initiator = new Initiator(chaser, 'target-station', 'high')
    const responder = await Responder.respond(target, 'observer-001', initiator.message1)
    expect(await refusal(() => initiator.readReply(responder.message2))).toBe('authentication_failed')
  })

  it('cannot reflect a request to its sender', async () => {
    const initiator = new Initiator(chaser, 'target-station', 'high')
    const reflected = await Responder.respond(chaser, 'target-station', initiator.message1)
    expect(await refusal(() => initiator.readReply(reflected.message2))).not.toBe('accepted')
  })

  it('cannot bring a session back by sending its confirmation, or all three messages, again', async () => {
    const { chaser: from, target: to, network } = sessionPair()
    const session = await from.establishSecureSession('target-station')
    const established: string[] = []
    to.on('established', ({ sessionId }) => established.push(sessionId))
    const failed: string[] = []
    to.on('handshakeFailed', ({ error }) => failed.push(error.code))
    const recorded = network.recorded.filter(({ to: recipient }) => recipient === 'target-station')
    const [message1, message3] = [FrameKind.handshakeInitiate, FrameKind.handshakeConfirm].map((kind) =>
      recorded.find((frame) => frame.kind === kind),
    )
    network.deliver(message3!)
    network.deliver(message1!)
    network.deliver(message3!)
    await settle(() => failed.length > 0)
    expect(failed).toEqual(['authentication_failed'])
    expect(established).toEqual([])
    expect(to.sessions().map(({ sessionId }) => sessionId)).toEqual([session.sessionId])
    expect(await from.sendSecureMessage(session, { type: 'telemetry' })).toBe(true)
  })

  it('cannot exhaust a responder: requests beyond the half-open limit are refused, until the old ones time out', async () => {
    const { target: to, network, clock } = sessionPair()
    const failed: string[] = []
    to.on('handshakeFailed', ({ error }) => failed.push(error.code))
    const { message1 } = new Initiator(chaser, 'target-station', 'high')
    const request = (name: string) =>
      network.deliver({ kind: FrameKind.handshakeInitiate, from: name, to: 'target-station', body: message1 })
    for (let number = 0; number < 256; number++) request(`agent-${number}`)
    await settle(() => network.recorded.length === 256)
    request('one-more')
    await settle(() => failed.length === 1)
    expect(failed).toEqual(['rate_limited'])
    clock.advance(10_000)
    request('one-more')
    await settle(
      () => network.recorded.filter(({ kind }) => kind === FrameKind.handshakeReply).length === 257,
    )
    expect(failed).toHaveLength(1)
  }, 30_000)
})

describe('asking for a session', () => {
  it('with oneself is refused at once, with its own message', async () => {
    const { chaser: from } = sessionPair()
    await expect(from.establishSecureSession('chaser-001')).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('ends when the peer does not answer in time, and can be tried again', async () => {
    const { chaser: from, network, clock } = sessionPair()
    network.wire = () => undefined
    const asked = from.establishSecureSession('target-station')
    clock.advance(10_000)
    await expect(asked).rejects.toMatchObject({ code: 'agent_unreachable' })
    network.wire = (frame, deliver) => deliver(frame)
    expect((await from.establishSecureSession('target-station')).closed).toBe(false)
  })

  it('fails at once while the link is down', async () => {
    const { chaser: from, network } = sessionPair()
    network.links.get('chaser-001')!.change('disconnected')
    await expect(from.establishSecureSession('target-station')).rejects.toMatchObject({
      code: 'agent_unreachable',
    })
  })
})
