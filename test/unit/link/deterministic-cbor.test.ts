import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CborMismatch, CborReader, CborWriter } from '#core/link/deterministic-cbor.ts'
import { decodeStrictly, encodeFrame } from '#core/link/frame.ts'
import { FrameKind } from '#core/link/link.ts'
import { sealEnvelope } from '#core/session/envelope.ts'
import { deriveDirection } from '#core/session/key-schedule.ts'

const edges = [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 48, Number.MAX_SAFE_INTEGER]
const number = fc.oneof(fc.constantFrom(...edges), fc.maxSafeNat())
const ascii = fc.string({ unit: 'binary-ascii', maxLength: 300 })
const content = fc.uint8Array({ maxLength: 300 })

const write = (value: number, text: string, bytes: Uint8Array): Uint8Array =>
  new CborWriter(4, text.length + bytes.length).array(3).unsigned(value).text(text).bytes(bytes).done()

function read(bytes: Uint8Array): unknown {
  const reader = new CborReader(bytes)
  reader.array(3)
  const items = [reader.unsigned(), reader.asciiText(), Uint8Array.from(reader.bytes())]
  reader.end()
  return items
}

/** What the general decoder makes of the bytes, if it is the layout that `read` reads; null if not. */
function readInGeneral(bytes: Uint8Array): unknown {
  let value: unknown
  try {
    value = decodeStrictly(bytes)
  } catch {
    return null
  }
  if (!Array.isArray(value) || value.length !== 3) return null
  const [first, second, third] = value as unknown[]
  const fits =
    Number.isSafeInteger(first) &&
    Number(first) >= 0 &&
    typeof second === 'string' &&
    third instanceof Uint8Array
  return fits ? [first, second, Uint8Array.from(third)] : null
}

const readOrNull = (bytes: Uint8Array): unknown => {
  try {
    return read(bytes)
  } catch (error) {
    if (error instanceof CborMismatch) return null
    throw error
  }
}

describe('CborWriter', () => {
  it('writes byte for byte what the general encoder writes', () => {
    fc.assert(
      fc.property(number, fc.string({ unit: 'grapheme', maxLength: 80 }), content, (value, text, bytes) => {
        const writer = new CborWriter(4, 3 * text.length + bytes.length)
        const ours = writer.array(3).unsigned(value).text(text).bytes(bytes).done()
        expect(ours).toEqual(encode([value, text, bytes]))
      }),
    )
  })

  it('keeps the form of frames and envelopes', () => {
    const body = Buffer.alloc(70_000, 5)
    const frame = { kind: FrameKind.message, from: 'chaser-001', to: 'a'.repeat(63), body }
    expect(Buffer.from(encode([1, 4, 'chaser-001', 'a'.repeat(63), body])).equals(encodeFrame(frame))).toBe(
      true,
    )

    const key = deriveDirection(Buffer.alloc(48, 7), Buffer.alloc(16, 1), 'initiator')
    const sealed = sealEnvelope(
      key,
      {
        sessionId: '00112233445566778899aabbccddeeff',
        senderId: 'chaser-001',
        recipientId: 'target-station',
        sequenceNumber: 2 ** 40,
        keyVersion: 3,
        securityLevel: 'high',
        messageType: 'docking_request',
        timestamp: 1_795_000_000_123,
        priority: 3,
      },
      body,
    )
    const parts = decodeStrictly(sealed) as Uint8Array[]
    expect(Buffer.from(encode(parts)).equals(sealed)).toBe(true)
    expect(decodeStrictly(parts[0]!)).toEqual([
      1,
      Uint8Array.from(Buffer.from('00112233445566778899aabbccddeeff', 'hex')),
      'chaser-001',
      'target-station',
      2 ** 40,
      3,
      'high',
      'docking_request',
      1_795_000_000_123,
      3,
    ])
  })
})

describe('CborReader', () => {
  it('reads what was written', () => {
    fc.assert(
      fc.property(number, ascii, content, (value, text, bytes) => {
        expect(read(write(value, text, bytes))).toEqual([value, text, bytes])
      }),
    )
  })

  it('agrees with the general decoder on bytes that were damaged anywhere', () => {
    const damage = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(
        number,
        ascii,
        content,
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        (value, text, bytes, damages) => {
          const damaged = Uint8Array.from(write(value, text, bytes))
          for (const [at, byte] of damages) damaged[at % damaged.length] = byte
          // Texts that are not ASCII are for the caller's pattern, and floats are not integers in any form here.
          fc.pre(damaged.every((byte) => byte < 0xf9 || byte > 0xfb))
          const general = readInGeneral(damaged)
          const ours = readOrNull(damaged)
          if (ours !== null && /[^\0-\x7f]/.test((ours as [number, string])[1])) return
          expect(ours).toEqual(general)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('refuses every truncation and every trailing byte', () => {
    const bytes = write(2 ** 40, 'chaser-001', new Uint8Array(300))
    for (let length = 0; length < bytes.length; length += 1)
      expect(readOrNull(bytes.subarray(0, length))).toBe(null)
    expect(readOrNull(Buffer.concat([bytes, Buffer.of(0)]))).toBe(null)
  })

  it.each([
    ['a number in one byte too many', '8318176040'],
    ['a number in two bytes that fits one', '831900ff6040'],
    ['a number in four bytes that fits two', '831a0000ffff6040'],
    ['a number in eight bytes that fits four', '831b00000000ffffffff6040'],
    ['a number above 2^53', '831b00200000000000006040'],
    ['an indefinite text', '83007f60ff40'],
    ['a reserved length', '83001c40'],
    ['a byte string longer than the bytes', '8300605affffffff'],
    ['another count of items', '84006040'],
  ])('refuses %s', (_, hex) => {
    expect(readOrNull(Buffer.from(hex, 'hex'))).toBe(null)
    expect(readInGeneral(Buffer.from(hex, 'hex'))).toBe(null)
  })

  it('refuses byte strings of another length than the one asked for', () => {
    const bytes = new CborWriter(1, 12).bytes(Buffer.alloc(12)).done()
    expect(new CborReader(bytes).bytesOf(12)).toHaveLength(12)
    expect(() => new CborReader(bytes).bytesOf(16)).toThrow(CborMismatch)
  })
})
