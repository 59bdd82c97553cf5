import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { CloseCode, closeReason } from '#core/link/close-codes.ts'
import {
  controlFrame,
  readPresence,
  readUndelivered,
  readWelcome,
  type Welcome,
} from '#core/link/control-frames.ts'
import { decodeFrame } from '#core/link/frame.ts'
import { FrameKind } from '#core/link/link.ts'

const welcome: Welcome = {
  agentId: 'chaser-001',
  console: 'ground-station',
  time: Date.parse('2026-11-21T00:00:00Z'),
  maxFrameBytes: 1024,
  framesPerSecond: 10,
  bytesPerSecond: 10_000,
  pingMilliseconds: 15_000,
  connected: ['ground-station', 'target-station'],
}

describe('control frames', () => {
  it('come out as they went in, from the gateway', () => {
    const frame = decodeFrame(controlFrame(FrameKind.welcome, 'chaser-001', welcome))
    expect(frame).toMatchObject({ kind: FrameKind.welcome, from: 'gateway', to: 'chaser-001' })
    expect(readWelcome(frame)).toEqual(welcome)

    const undelivered = { kind: 4, to: 'target-station', code: 'agent_unreachable', message: 'away' } as const
    expect(
      readUndelivered(decodeFrame(controlFrame(FrameKind.undelivered, 'chaser-001', undelivered))),
    ).toEqual(undelivered)

    const presence = { agentId: 'target-station', connected: true }
    expect(readPresence(decodeFrame(controlFrame(FrameKind.presence, 'chaser-001', presence)))).toEqual(
      presence,
    )
  })

  it('are refused from anybody but the gateway, of another kind, or with a body that does not fit', () => {
    const frame = decodeFrame(controlFrame(FrameKind.welcome, 'chaser-001', welcome))
    const refused = expect.objectContaining({ code: 'invalid_input' }) as Error
    expect(() => readWelcome({ ...frame, from: 'observer-001' })).toThrow(refused)
    expect(() => readPresence(frame)).toThrow(refused)
    expect(() => readWelcome({ ...frame, body: Uint8Array.from([0xff]) })).toThrow(refused)
    expect(() => readWelcome({ ...frame, body: encode({ ...welcome, extra: 1 }) })).toThrow(refused)
    expect(() => readWelcome({ ...frame, body: encode({ ...welcome, maxFrameBytes: 0 }) })).toThrow(refused)
  })
})

describe('closeReason', () => {
  it('fits a close frame and carries the code first', () => {
    const reason = closeReason('invalid_input', 'x'.repeat(500))
    expect(Buffer.byteLength(reason)).toBe(123)
    expect(reason).toMatch(/^invalid_input: x+$/)
    expect(Buffer.byteLength(closeReason('invalid_input', 'ü€'.repeat(100)))).toBeLessThanOrEqual(123)
  })

  it('uses codes that RFC 6455 leaves to applications', () => {
    for (const [name, code] of Object.entries(CloseCode))
      if (name !== 'goingAway') expect(code).toBeGreaterThanOrEqual(4000)
  })
})
