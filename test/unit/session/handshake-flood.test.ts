import { describe, expect, it } from 'vitest'
import { type Frame, FrameKind } from '#core/link/link.ts'
import { Initiator } from '#core/session/handshake.ts'
import { sessionPair, settle } from '../../support/session-pair.ts'

function flooded() {
  const pair = sessionPair()
  const party = pair.directory.party('observer-001')
  const replies: Frame[] = []
  pair.network.wire = (frame) => {
    if (frame.kind === FrameKind.handshakeReply) replies.push(frame)
  }
  const ask = (): void => {
    const body = new Initiator(party, 'target-station', 'high').message1
    pair.network.deliver({
      kind: FrameKind.handshakeInitiate,
      from: 'observer-001',
      to: 'target-station',
      body,
    })
  }
  return { ...pair, replies, ask }
}

describe('an agent that floods another with handshake requests', () => {
  it('has eight of them worked on at a time; the others are dropped', async () => {
    const { ask, replies } = flooded()
    for (let request = 0; request < 40; request++) ask()
    await settle(() => replies.length === 8)
    ask()
    await settle(() => replies.length === 9)
    expect(replies).toHaveLength(9)
  })

  it('is answered twenty times at once, and five times a second after that', async () => {
    const { ask, replies, clock } = flooded()
    for (let request = 1; request <= 20; request++) {
      ask()
      await settle(() => replies.length === request)
    }
    ask()
    // It arrives, and is dropped, before time moves on.
    await new Promise((resolve) => setImmediate(resolve))
    expect(replies).toHaveLength(20)
    clock.advance(1_000)
    for (let request = 21; request <= 25; request++) {
      ask()
      await settle(() => replies.length === request)
    }
    expect(replies).toHaveLength(25)
  })
})

describe('a session that cannot be recorded', () => {
  it('is put in force on neither side', async () => {
    const { chaser, target } = sessionPair()
    target.on('established', () => {
      throw new Error('the disk is full')
    })
    await expect(chaser.establishSecureSession('target-station')).rejects.toMatchObject({
      code: 'session_failed',
    })
    expect(target.sessions()).toEqual([])
    expect(chaser.sessions()).toEqual([])
  })
})
