import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { AuthenticationError } from '#core/errors.ts'
import { decodeStrictly } from '#core/link/frame.ts'
import { type Header, openEnvelope, readEnvelope, sealEnvelope } from '#core/session/envelope.ts'
import { deriveDirection } from '#core/session/key-schedule.ts'

const direction = () => deriveDirection(Buffer.alloc(48, 7), Buffer.alloc(16, 1), 'initiator')
const key = direction()

const header: Header = {
  sessionId: '00112233445566778899aabbccddeeff',
  senderId: 'chaser-001',
  recipientId: 'target-station',
  sequenceNumber: 4711,
  keyVersion: 3,
  securityLevel: 'high',
  messageType: 'docking_request',
  timestamp: 1_795_000_000_123,
  priority: 3,
}
const payload = Buffer.from('the content')
const body = sealEnvelope(key, header, payload)

type Wire = [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
const wire = (): Wire => decodeStrictly(body) as Wire
const headerFields = (): unknown[] => decodeStrictly(wire()[0]) as unknown[]

/** The envelope with other header bytes, everything else as it was sealed. */
function withHeader(fields: unknown): Uint8Array {
  const [, ...rest] = wire()
  return encode([encode(fields), ...rest])
}

const replaced = (at: number, value: unknown): unknown[] => headerFields().with(at, value)

describe('an envelope', () => {
  it('opens to what was sealed, with every header field as it was', () => {
    const message = readEnvelope(body)
    expect(message).toMatchObject(header)
    expect(openEnvelope(key, message!)).toEqual(payload)
  })

  it.each([
    ['session id', 1, Buffer.alloc(16, 9)],
    ['sender', 2, 'observer-001'],
    ['recipient', 3, 'observer-001'],
    ['sequence number', 4, 4712],
    ['key version', 5, 4],
    ['level', 6, 'critical'],
    ['type', 7, 'docking_response'],
    ['time', 8, 1_795_000_000_124],
    ['priority', 9, 5],
  ])('does not open when its %s was altered', (_, at, value) => {
    const message = readEnvelope(withHeader(replaced(at, value)))
    expect(message).not.toBe(null)
    expect(() => openEnvelope(key, message!)).toThrow(AuthenticationError)
  })

  it('does not open when any bit of it was flipped', () => {
    for (let at = 0; at < body.length; at++) {
      for (const bit of [1, 0x10, 0x80]) {
        const changed = Uint8Array.from(body)
        changed[at]! ^= bit
        const message = readEnvelope(changed)
        if (message !== null)
          expect(() => openEnvelope(key, message), `byte ${at}`).toThrow(AuthenticationError)
      }
    }
  })

  it('does not open under another direction, even with all else equal', () => {
    const other = deriveDirection(Buffer.alloc(48, 7), Buffer.alloc(16, 1), 'responder')
    expect(() => openEnvelope(other, readEnvelope(body)!)).toThrow(AuthenticationError)
  })

  it('does not open when the IV is not the one of its sequence number, though the tag would fit it', () => {
    const sealedAs = sealEnvelope(key, { ...header, sequenceNumber: 4712 }, payload)
    const [, iv, ciphertext, tag] = decodeStrictly(sealedAs) as Wire
    const message = readEnvelope(encode([wire()[0], iv, ciphertext, tag]))
    expect(() => openEnvelope(key, message!)).toThrow(/IV/)
  })

  it('uses an IV per sequence number', () => {
    const ivs = new Set<string>()
    for (const sequenceNumber of [
      1,
      2,
      255,
      256,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 32 + 1,
      Number.MAX_SAFE_INTEGER,
    ]) {
      const [, iv] = decodeStrictly(sealEnvelope(key, { ...header, sequenceNumber }, payload)) as Wire
      ivs.add(Buffer.from(iv).toString('hex'))
    }
    expect(ivs.size).toBe(8)
  })
})

describe('bytes that are no envelope', () => {
  it('are malformed when truncated anywhere or followed by anything', () => {
    for (let length = 0; length < body.length; length++)
      expect(readEnvelope(body.subarray(0, length))).toBe(null)
    expect(readEnvelope(Buffer.concat([body, Buffer.of(0)]))).toBe(null)
  })

  it.each([
    ['version', 0, 2],
    ['session id of 15 bytes', 1, Buffer.alloc(15)],
    ['session id as text', 1, '00112233445566778899aabbccddeeff'],
    ['sender that is no name', 2, 'Chaser 001'],
    ['sender with a NUL', 2, 'chaser\u0000001'],
    ['recipient that is no name', 3, ''],
    ['sequence number zero', 4, 0],
    ['negative sequence number', 4, -1],
    ['fraction as sequence number', 4, 1.5],
    ['sequence number above 2^53', 4, 2n ** 60n],
    ['key version zero', 5, 0],
    ['key version above 32 bits', 5, 2 ** 32],
    ['unknown level', 6, 'none'],
    ['level named like a method', 6, 'constructor'],
    ['type with capitals', 7, 'Docking'],
    ['type of 65 characters', 7, 'a'.repeat(65)],
    ['time before 1970', 8, -1],
    ['priority zero', 9, 0],
    ['priority six', 9, 6],
    ['null', 4, null],
    ['map in place of a number', 4, { valueOf: 1 }],
  ])('are malformed with a wrong field: %s', (_, at, value) => {
    expect(readEnvelope(withHeader(replaced(at, value)))).toBe(null)
  })

  it('are malformed with a field too many or too few, inside and outside', () => {
    expect(readEnvelope(withHeader([...headerFields(), 1]))).toBe(null)
    expect(readEnvelope(withHeader(headerFields().slice(0, -1)))).toBe(null)
    expect(readEnvelope(encode([...wire(), 1]))).toBe(null)
    expect(readEnvelope(encode(wire().slice(0, 3)))).toBe(null)
    expect(readEnvelope(encode([]))).toBe(null)
  })

  it('are malformed where the CBOR is not the deterministic form', () => {
    const bytes = Buffer.from(wire()[0])
    expect(bytes.subarray(0, 2).toString('hex')).toBe('8a01')
    const rest = wire().slice(1)
    const longNumber = Buffer.concat([Buffer.from('8a1801', 'hex'), bytes.subarray(2)])
    const longArray = Buffer.concat([Buffer.from('980a', 'hex'), bytes.subarray(1)])
    const indefinite = Buffer.concat([Buffer.from('9f', 'hex'), bytes.subarray(1), Buffer.from('ff', 'hex')])
    const tagged = Buffer.concat([Buffer.from('c1', 'hex'), bytes])
    for (const other of [longNumber, longArray, indefinite, tagged])
      expect(readEnvelope(encode([other, ...rest]))).toBe(null)
    expect(readEnvelope(encode([bytes, ...rest]))).not.toBe(null)
  })

  it('are malformed as maps, and leave every prototype as it is', () => {
    // {"__proto__": {"polluted": true}} and {"constructor": {"prototype": {"polluted": true}}}
    const proto = Buffer.from('a1695f5f70726f746f5f5fa168706f6c6c75746564f5', 'hex')
    const constructor = Buffer.from(
      'a16b636f6e7374727563746f72a16970726f746f74797065a168706f6c6c75746564f5',
      'hex',
    )
    for (const map of [proto, constructor]) {
      expect(readEnvelope(map)).toBe(null)
      expect(readEnvelope(encode([map, ...wire().slice(1)]))).toBe(null)
    }
    expect(({} as { polluted?: boolean }).polluted).toBe(undefined)
  })

  it('are malformed when nested deeper than any stack', () => {
    expect(readEnvelope(Buffer.alloc(200_000, 0x81))).toBe(null)
  })
})
