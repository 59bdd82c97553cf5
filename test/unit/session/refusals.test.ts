import { describe, expect, it } from 'vitest'
import type { RefusalVerdict, TrafficEntry } from '#shared/model/session.ts'
import { type Frame, FrameKind } from '#core/link/link.ts'
import { readEnvelope } from '#core/session/envelope.ts'
import { encodeMessage } from '#core/session/delivery.ts'
import { writeHint } from '#core/session/hint.ts'
import { maxForwardJump } from '#core/session/replay-window.ts'
import { clockTolerance, SecureSession } from '#core/session/secure-session.ts'
import { suites } from '#core/session/suite.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { FakeClock } from '../../support/clock.ts'
import { type PairOptions, sessionPair, settle } from '../../support/session-pair.ts'

/** Two ends of one session without a network, whose sender takes the sequence numbers that the test says. */
function ends(options: { windowSize?: number; suite?: Partial<(typeof suites)[0]> } = {}) {
  const clock = new FakeClock()
  const sent: Uint8Array[] = []
  let next = 1
  const end = (initiator: boolean): SecureSession =>
    new SecureSession(
      {
        sessionId: Buffer.alloc(16, 5),
        peer: initiator ? 'target-station' : 'chaser-001',
        initiator,
        suite: { ...suites[0]!, ...options.suite },
        level: 'high',
        trafficSecret: Buffer.alloc(48, 9),
        ourFirstSequence: 1,
        peerFirstSequence: 1,
      },
      {
        clock,
        localAgent: initiator ? 'chaser-001' : 'target-station',
        maxMessageAge: 60,
        replayWindowSize: options.windowSize ?? 64,
        nextSequence: () => next++,
        transmit: (body) => sent.push(body),
        onRekey: () => undefined,
      },
    )
  const [from, to] = [end(true), end(false)]
  return {
    clock,
    from,
    to,
    sent,
    /** Seals under a sequence number and time of the test's choice; the verdict of the other end. */
    receive: (sequence: number, timestamp = clock.now()): RefusalVerdict | 'accepted' => {
      next = sequence
      const opened = to.open(readEnvelope(from.seal('telemetry', Buffer.from('x'), 1, timestamp))!)
      return opened.accepted ? 'accepted' : opened.verdict
    },
  }
}

describe('an authentic message', () => {
  it('is judged by its number: too far ahead, duplicate, behind the window', () => {
    const { receive } = ends()
    expect(receive(1)).toBe('accepted')
    expect(receive(1)).toBe('duplicate')
    expect(receive(maxForwardJump + 2)).toBe('too_far_ahead')
    expect(receive(2)).toBe('accepted')
    expect(receive(1_000)).toBe('accepted')
    expect(receive(1_000 - 64)).toBe('too_old')
    expect(receive(1_000 - 63)).toBe('accepted')
    expect(receive(1_000 + maxForwardJump)).toBe('accepted')
  })

  it('is judged by its time: stale, from the future, and not by less than that', () => {
    const { clock, receive } = ends()
    const now = clock.now()
    expect(receive(1, now - 60_000)).toBe('accepted')
    expect(receive(2, now - 60_001)).toBe('stale')
    expect(receive(3, now + clockTolerance)).toBe('accepted')
    expect(receive(4, now + clockTolerance + 1)).toBe('from_the_future')
  })

  it('moves the window only when everything about it is right', () => {
    const { clock, receive } = ends()
    expect(receive(5_000, clock.now() - 61_000)).toBe('stale')
    expect(receive(1)).toBe('accepted')
    expect(receive(5_000)).toBe('accepted')
  })

  it('counts in the view by its verdict, once each', () => {
    const { receive, to } = ends()
    receive(1)
    receive(1)
    receive(1)
    receive(100_000)
    expect(to.view(null).refused).toEqual({ duplicate: 2, too_far_ahead: 1 })
  })
})

describe('an altered message', () => {
  it('moves nothing: the true one is still accepted after it', () => {
    const { from, to } = ends()
    const body = from.seal('telemetry', Buffer.from('x'), 1)
    const changed = Uint8Array.from(body)
    changed[changed.length - 1]! ^= 1
    expect(to.open(readEnvelope(changed)!)).toMatchObject({ verdict: 'bad_tag' })
    expect(to.open(readEnvelope(body)!)).toMatchObject({ accepted: true })
  })

  it('back at its sender is refused: each direction has its own key', () => {
    const { from } = ends()
    const message = readEnvelope(from.seal('telemetry', Buffer.from('x'), 1))!
    expect(from.open({ ...message, recipientId: 'chaser-001' })).toMatchObject({ verdict: 'bad_tag' })
  })
})

describe('the limits of a key version', () => {
  it('stop sending at the last message, hard, and a rekey is asked for at half of them', () => {
    const { from, sent } = ends({ suite: { messageLimit: 10 } })
    for (let count = 0; count < 4; count++) from.seal('telemetry', Buffer.from('x'), 1)
    expect(sent).toHaveLength(0)
    from.seal('telemetry', Buffer.from('x'), 1)
    expect(sent.map((body) => readEnvelope(body)?.messageType)).toEqual(['session.rekey_offer'])
    expect(from.view(300)).toMatchObject({ messages: 6, state: 'rekeying' })
    for (let count = 0; count < 4; count++) from.seal('telemetry', Buffer.from('x'), 1)
    expect(from.canSeal(1)).toBe(false)
    expect(() => from.seal('telemetry', Buffer.from('x'), 1)).toThrow(/reached its limit/)
    expect(() => from.transmit('session.ack', new Uint8Array(), 5)).toThrow(/reached its limit/)
    expect(from.view(300).messages).toBe(10)
  })

  it('count bytes in both directions', () => {
    const { from, to } = ends({ suite: { byteLimit: 1000 } })
    to.open(readEnvelope(from.seal('telemetry', Buffer.alloc(400), 1))!)
    expect(from.view(null).bytes).toBe(400)
    expect(to.view(null).bytes).toBe(400)
    expect(to.canSeal(600)).toBe(true)
    expect(() => to.seal('telemetry', Buffer.alloc(601), 1)).toThrow(/reached its limit/)
  })

  it('take no sequence number for what is not sealed', () => {
    const { from } = ends({ suite: { messageLimit: 1 } })
    expect(readEnvelope(from.seal('telemetry', Buffer.from('x'), 1))!.sequenceNumber).toBe(1)
    expect(() => from.seal('telemetry', Buffer.from('x'), 1)).toThrow()
    from.close('done')
    expect(() => from.seal('telemetry', Buffer.from('x'), 1)).toThrow(/is closed/)
  })
})

/** A pair in session, everything that the target refused, and a message of chaser's that arrived. */
async function recordedPair(options: PairOptions = {}) {
  const pair = sessionPair(options)
  const refused: TrafficEntry[] = []
  pair.target.on('traffic', (entry) => entry.verdict !== null && refused.push(entry))
  const got: unknown[] = []
  pair.target.on('message', ({ message }) => got.push(message))
  const session = await pair.chaser.establishSecureSession('target-station')
  await pair.chaser.sendSecureMessage(session, { type: 'telemetry' }, 3)
  const frame = pair.network.recorded.find(
    (one) => one.kind === FrameKind.message && one.from === 'chaser-001',
  )!
  const verdictOf = async (changed: Frame): Promise<RefusalVerdict | null | undefined> => {
    const before = refused.length
    pair.network.deliver(changed)
    await settle(() => refused.length > before)
    return refused.at(-1)?.verdict
  }
  return { ...pair, refused, got, session, frame, verdictOf }
}

describe('a frame in a session', () => {
  it('of a peer that was declared revoked is refused as such, and nothing more is read from it', async () => {
    const { target, frame, verdictOf, got } = await recordedPair()
    target.close('chaser-001', 'its certificate was revoked', true)
    expect(target.sessions()).toEqual([])
    expect(await verdictOf(frame)).toBe('revoked_peer')
    await expect(
      target.sendSecureMessage({ peerAgent: 'chaser-001' }, { type: 'telemetry' }),
    ).rejects.toMatchObject({
      code: 'certificate_revoked',
    })
    expect(got).toHaveLength(1)
  })

  it('of a session that ended is unknown, and its sender is told so by a hint', async () => {
    const { target, chaser, frame, verdictOf, network } = await recordedPair()
    target.close('chaser-001', 'enough')
    await settle(() => chaser.sessions().length === 0)
    expect(await verdictOf(frame)).toBe('unknown_session')
    expect(network.recorded.at(-1)).toMatchObject({ kind: FrameKind.hint, to: 'chaser-001' })
  })

  it('is malformed when it names another sender than the frame does', async () => {
    const { frame, verdictOf, target } = await recordedPair()
    expect(await verdictOf({ ...frame, from: 'observer-001' })).toBe('malformed')
    expect(target.sessions()).toHaveLength(1)
  })

  it('recorded from an agent cannot be passed off as one to another agent', async () => {
    const { agent, frame, network } = await recordedPair()
    const observer = agent('observer-001')
    const verdicts: (string | null)[] = []
    observer.on('traffic', ({ verdict }) => verdicts.push(verdict))
    await observer.establishSecureSession('chaser-001')
    network.deliver({ ...frame, to: 'observer-001' })
    await settle(() => verdicts.length > 0)
    expect(verdicts).toEqual(['unknown_session'])
  })

  it('to another recipient is refused as such, before its seal is looked at', async () => {
    const { session, target, clock } = await recordedPair()
    const body = session.seal(
      'telemetry',
      encodeMessage(platformRandom, { type: 'telemetry' }).payload,
      1,
      clock.now(),
    )
    const message = readEnvelope(body)!
    const [other] = target.sessions()
    expect(other?.open({ ...message, recipientId: 'observer-001' })).toMatchObject({
      verdict: 'wrong_recipient',
    })
  })

  it('with a content that is none is malformed though its seal is good, and is not handed over', async () => {
    const { session, verdictOf, frame, got } = await recordedPair()
    for (const payload of [Buffer.from('no CBOR'), encodeMessage(platformRandom, { type: 'other' }).payload])
      expect(await verdictOf({ ...frame, body: session.seal('telemetry', payload, 1) })).toBe('malformed')
    expect(got).toHaveLength(1)
  })

  it('altered while the session is only proposed does not make the proposer show it', async () => {
    const { chaser, network } = sessionPair()
    const changed: string[] = []
    chaser.on('changed', ({ sessionId }) => changed.push(sessionId))
    const refused: TrafficEntry[] = []
    chaser.on('traffic', (entry) => refused.push(entry))
    network.wire = (frame, deliver) => {
      if (frame.kind !== FrameKind.message) return deliver(frame)
      const body = Uint8Array.from(frame.body)
      body[body.length - 1]! ^= 1
      deliver({ ...frame, body })
    }
    chaser.establishSecureSession('target-station').catch(() => undefined)
    await settle(() => refused.length > 0)
    expect(refused[0]).toMatchObject({ verdict: 'bad_tag', messageType: 'session.established' })
    expect(changed).toEqual([])
    expect(chaser.sessions()).toEqual([])
  })
})

describe('a hint', () => {
  it.each([
    ['of a session unknown to the peer', (id: string) => writeHint(id, 'unknown_session', 'gone')],
    ['of another session', () => writeHint('f'.repeat(32), 'unknown_session', 'gone')],
    ['of a revoked certificate', (id: string) => writeHint(id, 'certificate_revoked', 'revoked')],
    ['that is no CBOR', () => Buffer.from('ff', 'hex')],
    ['of an endless text', (id: string) => Buffer.concat([writeHint(id, 'x', 'y'), Buffer.alloc(1000)])],
  ])('%s ends no session: whoever relays could forge it', async (_, body) => {
    const { session, network, chaser } = await recordedPair()
    network.deliver({
      kind: FrameKind.hint,
      from: 'target-station',
      to: 'chaser-001',
      body: body(session.sessionId),
    })
    expect(await chaser.sendSecureMessage(session, { type: 'telemetry' })).toBe(true)
    expect(chaser.sessions()).toHaveLength(1)
  })
})

describe('a protocol that stops, or gives a peer up', () => {
  it('sends no message that waited and begins no handshake', async () => {
    for (const how of ['stop', 'revoke'] as const) {
      const { chaser, target, network, clock } = sessionPair()
      const session = await chaser.establishSecureSession('target-station')
      network.wire = () => undefined
      const sent = Array.from({ length: 70 }, () => chaser.sendSecureMessage(session, { type: 'telemetry' }))
      const before = network.recorded.length
      if (how === 'stop') chaser.stop()
      else chaser.close('target-station', 'its certificate was revoked', true)
      expect(new Set(await Promise.all(sent))).toEqual(new Set([false]))
      clock.advance(60_000)
      const after = network.recorded
        .slice(before)
        .map(({ kind, body }) => readEnvelope(body)?.messageType ?? kind)
      expect(after, how).toEqual(['session.close'])
      target.stop()
    }
  })
})
