import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame } from '#core/link/frame.ts'
import { readFrameAddress } from '#core/link/frame-address.ts'
import { FrameKind } from '#core/link/link.ts'

const agentId = fc.stringMatching(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/)
const kind = fc.constantFrom(...Object.values(FrameKind))

const verdict = (read: () => { kind: number; from: string; to: string }): unknown => {
  try {
    const { kind, from, to } = read()
    return { kind, from, to }
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('readFrameAddress', () => {
  it('reads what encodeFrame writes, for every length of name and body', () => {
    fc.assert(
      fc.property(kind, agentId, agentId, fc.uint8Array({ maxLength: 400 }), (kind, from, to, body) => {
        expect(readFrameAddress(encodeFrame({ kind, from, to, body }))).toEqual({ kind, from, to })
      }),
    )
    for (const length of [23, 24, 255, 256, 65_535, 65_536, 200_000]) {
      const frame = encodeFrame({
        kind: FrameKind.message,
        from: 'aa',
        to: 'bb',
        body: new Uint8Array(length),
      })
      expect(readFrameAddress(frame)).toEqual({ kind: FrameKind.message, from: 'aa', to: 'bb' })
    }
  })

  it('agrees with the full decoder on frames that were damaged anywhere', () => {
    fc.assert(
      fc.property(
        kind,
        agentId,
        agentId,
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (kind, from, to, body, where, value) => {
          const frame = Uint8Array.from(encodeFrame({ kind, from, to, body }))
          frame[where % frame.length] = value
          const strict = verdict(() => decodeFrame(frame))
          const quick = verdict(() => readFrameAddress(frame))
          // The head reader leaves unknown kinds to its caller.
          if (strict === 'invalid_input' && typeof quick === 'object') {
            expect(Object.values(FrameKind)).not.toContain(frame[2])
          } else expect(quick).toEqual(strict)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('refuses every truncation and every trailing byte', () => {
    const frame = encodeFrame({
      kind: FrameKind.message,
      from: 'chaser-001',
      to: 'target-station',
      body: new Uint8Array(300),
    })
    for (let length = 0; length < frame.length; length += 1) {
      expect(verdict(() => readFrameAddress(frame.subarray(0, length)))).toBe('invalid_input')
    }
    expect(verdict(() => readFrameAddress(Uint8Array.from([...frame, 0])))).toBe('invalid_input')
  })

  it.each([
    ['an empty message', new Uint8Array()],
    ['another version', encode([2, 4, 'aa', 'bb', new Uint8Array()])],
    ['a map', encode({ kind: 4 })],
    ['four items', encode([1, 4, 'aa', 'bb'])],
    ['a negative kind', encode([1, -1, 'aa', 'bb', new Uint8Array()])],
    ['a name in capitals', encode([1, 4, 'AA', 'bb', new Uint8Array()])],
    ['an empty recipient', encode([1, 4, 'aa', '', new Uint8Array()])],
    ['a name of 64 characters', encode([1, 4, 'a'.repeat(64), 'bb', new Uint8Array()])],
    ['a text body', encode([1, 4, 'aa', 'bb', 'text'])],
    [
      'a name length in a longer form',
      Uint8Array.from([0x85, 1, 4, 0x78, 2, 0x61, 0x61, 0x62, 0x62, 0x62, 0x40]),
    ],
    [
      'a body length in a longer form',
      Uint8Array.from([0x85, 1, 4, 0x62, 0x61, 0x61, 0x62, 0x62, 0x62, 0x58, 1, 0]),
    ],
    [
      'a body that claims 4 GiB',
      Uint8Array.from([0x85, 1, 4, 0x62, 0x61, 0x61, 0x62, 0x62, 0x62, 0x5a, 255, 255, 255, 255, 0]),
    ],
    [
      'an indefinite body',
      Uint8Array.from([0x85, 1, 4, 0x62, 0x61, 0x61, 0x62, 0x62, 0x62, 0x5f, 0x40, 0xff]),
    ],
  ])('refuses %s', (_, bytes) => {
    expect(verdict(() => readFrameAddress(bytes))).toBe('invalid_input')
    expect(verdict(() => decodeFrame(bytes))).toBe('invalid_input')
  })
})
