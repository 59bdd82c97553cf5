import { describe, expect, it } from 'vitest'
import type { RotationEntry } from '#shared/model/session.ts'
import { SecurityException } from '#core/errors.ts'
import { type Frame, FrameKind } from '#core/link/link.ts'
import { readEnvelope } from '#core/session/envelope.ts'
import { rekeyAttempts, rekeyRetryMilliseconds } from '#core/session/rekey.ts'
import type { SecureSession } from '#core/session/secure-session.ts'
import { type LocalNetwork, type PairOptions, sessionPair, settle } from '../../support/session-pair.ts'

const typeOf = (frame: Frame): string =>
  (frame.kind === FrameKind.message ? readEnvelope(frame.body)?.messageType : undefined) ?? ''

/** From now on frames that match do not arrive. */
function lose(network: LocalNetwork, matches: (frame: Frame) => boolean): void {
  network.wire = (frame, deliver) => {
    if (!matches(frame)) deliver(frame)
  }
}

/** A pair with a session between them, both ends of it, and the rotations that each announced. */
async function pairInSession(options: PairOptions = {}) {
  const pair = sessionPair(options)
  const rotations: (RotationEntry & { by: string })[] = []
  for (const agent of [pair.chaser, pair.target])
    agent.on('rotation', (entry) => rotations.push({ ...entry, by: agent.localAgent }))
  const ours = await pair.chaser.establishSecureSession('target-station')
  const theirs = pair.target.sessions()[0]!
  /** Whether a message goes through in each direction, so that both ends read each other. */
  const talk = async (): Promise<boolean[]> => {
    const sent = [
      pair.chaser.sendSecureMessage(ours, { type: 'telemetry' }),
      pair.target.sendSecureMessage(theirs, { type: 'telemetry' }),
    ]
    await Promise.race([Promise.all(sent), pass(31)])
    return Promise.all(sent)
  }
  /** Lets time go by, with what is sent in each second arriving in it. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await turns(10)
      pair.clock.advance(1_000)
    }
    await turns(10)
  }
  return { ...pair, ours, theirs, rotations, talk, pass }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const versions = (...sessions: SecureSession[]): number[] => sessions.map((session) => session.keyVersion)

describe('a rekey whose messages are lost', () => {
  it.each(['session.rekey_offer', 'session.rekey_accept', 'session.rekey_confirm', 'session.rekey_done'])(
    'succeeds although %s is lost all but the last time it is sent',
    async (type) => {
      const { chaser, network, clock, ours, theirs, talk } = await pairInSession()
      let lost = 0
      network.wire = (frame, deliver) => {
        if (typeOf(frame) === type && lost < rekeyAttempts - 1) lost++
        else deliver(frame)
      }
      const rotation = chaser.rotate(ours, 'operator')
      for (let attempt = 1; attempt < rekeyAttempts; attempt++) {
        await settle(() => lost >= attempt)
        clock.advance(rekeyRetryMilliseconds)
      }
      expect(await rotation).toMatchObject({ outcome: 'rotated', keyVersion: 2 })
      expect(versions(ours, theirs)).toEqual([2, 2])
      expect(await talk()).toEqual([true, true])
    },
  )

  it('reads the peer under both versions while a confirmation is lost, and ends at the same version', async () => {
    const { chaser, network, clock, ours, theirs, talk } = await pairInSession()
    lose(network, (frame) => typeOf(frame) === 'session.rekey_confirm')
    const rotation = chaser.rotate(ours, 'operator')
    await settle(() => ours.keyVersion === 2)
    expect(versions(ours, theirs)).toEqual([2, 1])
    clock.advance(rekeyRetryMilliseconds * rekeyAttempts)
    expect(await rotation).toMatchObject({ outcome: 'rotated', keyVersion: 2 })
    network.wire = (frame, deliver) => deliver(frame)
    expect(await talk()).toEqual([true, true])
    expect(versions(ours, theirs)).toEqual([2, 2])
  })

  it('that was given up leaves the session able to rekey again, from either side', async () => {
    for (const again of ['asker', 'answerer'] as const) {
      const { chaser, target, network, ours, theirs, talk, pass } = await pairInSession()
      lose(network, (frame) => typeOf(frame) === 'session.rekey_accept')
      const first = target.rotate(theirs, 'operator')
      await pass(12)
      expect(await first).toMatchObject({ outcome: 'failed', keyVersion: 1 })
      network.wire = (frame, deliver) => deliver(frame)
      const second = again === 'asker' ? target.rotate(theirs, 'operator') : chaser.rotate(ours, 'operator')
      await pass(20)
      expect(await second, again).toMatchObject({ outcome: 'rotated', keyVersion: 2 })
      expect(versions(ours, theirs)).toEqual([2, 2])
      expect(await talk()).toEqual([true, true])
    }
  })

  it('does not stop the timer of the initiator, when it was the peer’s that was given up', async () => {
    const { target, network, theirs, ours, rotations, pass } = await pairInSession({
      keyRotationInterval: 60,
    })
    lose(network, (frame) => typeOf(frame) === 'session.rekey_accept')
    const given = target.rotate(theirs, 'operator')
    await pass(12)
    expect(await given).toMatchObject({ outcome: 'failed' })
    network.wire = (frame, deliver) => deliver(frame)
    await pass(190)
    expect(versions(ours, theirs)).toEqual([4, 4])
    expect(rotations.filter(({ trigger }) => trigger === 'timer')).toHaveLength(3)
  })

  it('whose asker switched unheard is finished by the answerer’s own rekey', async () => {
    const { chaser, target, network, ours, theirs, talk, pass } = await pairInSession()
    lose(network, ({ from }) => from === 'target-station' && ours.keyVersion === 1 && theirs.keyVersion === 2)
    const first = target.rotate(theirs, 'operator')
    await settle(() => theirs.keyVersion === 2)
    lose(network, ({ from }) => from === 'target-station')
    await pass(12)
    await first
    network.wire = (frame, deliver) => deliver(frame)
    const second = chaser.rotate(ours, 'operator')
    await pass(20)
    expect(await second).toMatchObject({ outcome: 'rotated' })
    expect(ours.keyVersion).toBe(theirs.keyVersion)
    expect(await talk()).toEqual([true, true])
  })
})

describe('a rekey whose messages come twice or late', () => {
  it('is not disturbed by any of its messages coming twice', async () => {
    const { chaser, network, ours, theirs, talk } = await pairInSession()
    network.wire = (frame, deliver) => {
      deliver(frame)
      deliver(frame)
    }
    for (let version = 2; version <= 5; version++)
      expect(await chaser.rotate(ours, 'operator')).toMatchObject({ outcome: 'rotated', keyVersion: version })
    expect(versions(ours, theirs)).toEqual([5, 5])
    expect(await talk()).toEqual([true, true])
  })

  it('is not undone by an offer that its sender had given up before', async () => {
    const { chaser, network, clock, ours, theirs, talk } = await pairInSession()
    const late: Frame[] = []
    network.wire = (frame, deliver) => {
      if (typeOf(frame) === 'session.rekey_offer') late.push(frame)
      else deliver(frame)
    }
    const first = chaser.rotate(ours, 'operator')
    clock.advance(rekeyRetryMilliseconds * rekeyAttempts)
    expect(await first).toMatchObject({ outcome: 'failed' })
    // The second one is answered, its confirmation is held, and only then the offers of the first arrive.
    const held: Frame[] = []
    network.wire = (frame, deliver) => {
      if (typeOf(frame) === 'session.rekey_confirm') held.push(frame)
      else deliver(frame)
    }
    const second = chaser.rotate(ours, 'operator')
    await settle(() => held.length > 0)
    for (const frame of late) network.deliver(frame)
    await turns(20)
    network.wire = (frame, deliver) => deliver(frame)
    for (const frame of held) network.deliver(frame)
    await turns(20)
    clock.advance(rekeyRetryMilliseconds)
    expect(await second).toMatchObject({ outcome: 'rotated', keyVersion: 2 })
    expect(versions(ours, theirs)).toEqual([2, 2])
    expect(await talk()).toEqual([true, true])
  })

  it('takes no acceptance of another offer', async () => {
    const { chaser, network, clock, ours, theirs } = await pairInSession()
    const late: Frame[] = []
    network.wire = (frame, deliver) => {
      if (typeOf(frame) === 'session.rekey_accept') late.push(frame)
      else deliver(frame)
    }
    const first = chaser.rotate(ours, 'operator')
    await settle(() => late.length > 0)
    clock.advance(rekeyRetryMilliseconds * rekeyAttempts)
    await first
    lose(network, (frame) => typeOf(frame) === 'session.rekey_offer')
    void chaser.rotate(ours, 'operator')
    for (const frame of late) network.deliver(frame)
    await turns(20)
    expect(versions(ours, theirs)).toEqual([1, 1])
  })
})

describe('the key versions of a session', () => {
  it('are forgotten after the grace period, and bounded in number when rotations follow one another fast', async () => {
    const { chaser, network, ours, target } = await pairInSession({
      maxMessageAge: 86_400,
      replayWindowSize: 8192,
    })
    const held: Frame[] = []
    network.wire = (frame, deliver) => (typeOf(frame) === 'telemetry' ? held.push(frame) : deliver(frame))
    void chaser.sendSecureMessage(ours, { type: 'telemetry' })
    await settle(() => held.length === 1)
    const verdicts: (string | null)[] = []
    target.on('traffic', ({ verdict }) => verdicts.push(verdict))
    for (let round = 0; round < 40; round++) await chaser.rotate(ours, 'operator')
    network.deliver(held[0]!)
    await settle(() => verdicts.length > 0)
    expect(verdicts).toEqual(['unknown_key_version'])
  })
})

describe('a rotation while the disk of the sender is full', () => {
  it('fails plainly, whether on the timer or on request, and the next one succeeds', async () => {
    let full = false
    const { chaser, clock, ours, theirs, rotations } = await pairInSession({
      keyRotationInterval: 300,
      onSequence: () => {
        if (full) throw new SecurityException('storage_full', 'The disk is full.')
      },
    })
    full = true
    const asked = chaser.rotate(ours, 'operator')
    clock.advance(20_000)
    expect(await asked).toMatchObject({ outcome: 'failed' })
    clock.advance(300_000)
    expect(rotations.filter(({ outcome }) => outcome === 'rotated')).toEqual([])
    full = false
    await turns(5)
    clock.advance(300_000)
    await turns(60)
    expect(versions(ours, theirs)).toEqual([2, 2])
  })
})
