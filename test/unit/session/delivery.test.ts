import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { platformRandom } from '#core/crypto/random.ts'
import { EncryptionError, SecurityException } from '#core/errors.ts'
import {
  Delivery,
  encodeMessage,
  inFlightLimit,
  outboxLimit,
  resendMilliseconds,
} from '#core/session/delivery.ts'
import { FakeClock } from '../../support/clock.ts'
import { sessionPair, settle } from '../../support/session-pair.ts'

/** A delivery whose peer is this test: what was sent, and ways to answer. */
function outgoing() {
  const clock = new FakeClock()
  const sent: { type: string; id: Uint8Array; number: unknown }[] = []
  const peer: { up: boolean; error: Error | null } = { up: true, error: null }
  const reader = new Delivery({ clock, random: platformRandom, transmit: () => false })
  const delivery = new Delivery({
    clock,
    random: platformRandom,
    transmit: (type, payload) => {
      if (peer.error !== null) throw peer.error
      if (!peer.up) return false
      const read = reader.read(payload)!
      sent.push({ type, id: read.id, number: read.message['number'] })
      return true
    },
  })
  const send = (number: number, priority = 1, timeout = 30_000) =>
    delivery.send({ type: 'telemetry', number }, priority, timeout)
  return { clock, delivery, peer, sent, send, numbers: () => sent.map(({ number }) => number) }
}

describe('messages to a peer', () => {
  it('are said to be delivered when they are acknowledged, each on its own', async () => {
    const { delivery, sent, send } = outgoing()
    const [first, second] = [send(1), send(2)]
    delivery.acknowledged(sent[1]!.id)
    expect(await second).toBe(true)
    expect(delivery.waiting).toBe(1)
    delivery.acknowledged(sent[0]!.id)
    expect(await first).toBe(true)
    expect(delivery.waiting).toBe(0)
  })

  it('are not taken for delivered by an acknowledgement of something else', async () => {
    const { clock, delivery, send } = outgoing()
    const message = send(1)
    for (const id of [Buffer.alloc(16), Buffer.alloc(15), Buffer.alloc(0), Buffer.alloc(100)])
      delivery.acknowledged(id)
    clock.advance(30_000)
    expect(await message).toBe(false)
  })

  it('are sent again until they are acknowledged, and not after', async () => {
    const { clock, delivery, sent, send, numbers } = outgoing()
    const message = send(1)
    clock.advance(resendMilliseconds * 2)
    expect(numbers()).toEqual([1, 1, 1])
    delivery.acknowledged(sent[0]!.id)
    clock.advance(60_000)
    expect(await message).toBe(true)
    expect(numbers()).toEqual([1, 1, 1])
    expect(clock.pending).toBe(0)
  })

  it('are given up at their deadline, sent or not, and leave no timer behind', async () => {
    const { clock, peer, send, numbers } = outgoing()
    const one = send(1, 1, 5_000)
    peer.up = false
    const two = send(2, 1, 5_000)
    clock.advance(5_000)
    expect(await Promise.all([one, two])).toEqual([false, false])
    peer.up = true
    clock.advance(60_000)
    expect(numbers()).toEqual([1])
    expect(clock.pending).toBe(0)
  })

  it('are refused at once when the queue is full, and taken again when there is room', async () => {
    const { delivery, peer, send, sent } = outgoing()
    peer.up = false
    for (let number = 0; number < outboxLimit; number++) void send(number)
    expect(await send(outboxLimit)).toBe(false)
    expect(delivery.waiting).toBe(outboxLimit)
    peer.up = true
    delivery.pump()
    delivery.acknowledged(sent[0]!.id)
    const another = send(-1, 5)
    expect(delivery.waiting).toBe(outboxLimit)
    for (let at = 1; at < 200; at++) delivery.acknowledged(sent[at]!.id)
    expect(await another).toBe(true)
  })

  it('are on the way in a bounded number, and the others follow as places get free', () => {
    const { delivery, send, sent, numbers } = outgoing()
    for (let number = 0; number < inFlightLimit + 3; number++) void send(number)
    expect(numbers()).toHaveLength(inFlightLimit)
    delivery.acknowledged(sent[5]!.id)
    expect(numbers().slice(inFlightLimit)).toEqual([inFlightLimit])
  })

  it('that were on the way when the link went are sent again first and in their order', () => {
    const { delivery, peer, send, numbers } = outgoing()
    for (const number of [1, 2, 3]) void send(number)
    peer.up = false
    for (const number of [4, 5]) void send(number)
    delivery.interrupted()
    peer.up = true
    delivery.pump()
    expect(numbers()).toEqual([1, 2, 3, 1, 2, 3, 4, 5])
  })

  it('are all given up when the peer is', async () => {
    const { clock, delivery, peer, send } = outgoing()
    const one = send(1)
    peer.up = false
    const two = send(2)
    delivery.stop()
    expect(await Promise.all([one, two])).toEqual([false, false])
    expect(clock.pending).toBe(0)
  })

  it('are refused with the reason when they cannot be sealed, and the next ones go', async () => {
    const { clock, delivery, peer, send, sent, numbers } = outgoing()
    peer.error = new SecurityException('storage_full', 'The disk is full.')
    await expect(send(1)).rejects.toMatchObject({ code: 'storage_full' })
    expect(delivery.waiting).toBe(0)
    peer.error = null
    const next = send(2)
    expect(numbers()).toEqual([2])
    delivery.acknowledged(sent[0]!.id)
    expect(await next).toBe(true)
    expect(clock.pending).toBe(0)
  })

  it('end no timer’s run when the disk is full at the time they are sent again', async () => {
    const { clock, peer, send } = outgoing()
    const message = send(1)
    peer.error = new SecurityException('storage_full', 'The disk is full.')
    const refused = expect(message).rejects.toMatchObject({ code: 'storage_full' })
    expect(() => clock.advance(resendMilliseconds)).not.toThrow()
    await refused
  })
})

describe('messages from a peer', () => {
  it('are repeated only once they were handed over', () => {
    const delivery = new Delivery({ clock: new FakeClock(), random: platformRandom, transmit: () => false })
    const { payload } = encodeMessage(platformRandom, { type: 'telemetry' })
    expect(delivery.read(payload)).toMatchObject({ repeated: false })
    const read = delivery.read(payload)!
    expect(read.repeated).toBe(false)
    delivery.handedOver(read.id)
    expect(delivery.read(payload)).toMatchObject({ repeated: true })
  })

  it.each([
    ['no CBOR', Buffer.from('ff', 'hex')],
    ['an identifier of 15 bytes', encode([Buffer.alloc(15), { type: 'telemetry' }])],
    ['no type', encode([Buffer.alloc(16), { number: 1 }])],
    ['a type that is no word', encode([Buffer.alloc(16), { type: 'Tele metry' }])],
    ['a list in place of a message', encode([Buffer.alloc(16), ['telemetry']])],
    ['a field more', encode([Buffer.alloc(16), { type: 'telemetry' }, 1])],
    [
      'bytes, which JSON does not have',
      encode([Buffer.alloc(16), { type: 'telemetry', bytes: Buffer.alloc(1) }]),
    ],
    ['a number that is none', encode([Buffer.alloc(16), { type: 'telemetry', number: Number.NaN }])],
    ['an integer above 2^53', encode([Buffer.alloc(16), { type: 'telemetry', number: 2n ** 60n }])],
    [
      'a prototype',
      encode([
        Buffer.alloc(16),
        new Map<string, unknown>([
          ['type', 'telemetry'],
          ['__proto__', { type: 'x' }],
        ]),
      ]),
    ],
    [
      'a prototype in the place of its type',
      encode([Buffer.alloc(16), new Map([['__proto__', { type: 'telemetry' }]])]),
    ],
    [
      'nesting without end',
      Buffer.concat([
        Buffer.from('8250', 'hex'),
        Buffer.alloc(16),
        Buffer.from('a264747970656974656c656d6574727961', 'hex'),
        Buffer.from('78', 'hex'),
        Buffer.alloc(60_000, 0x81),
        Buffer.of(1),
      ]),
    ],
    ['nesting deeper than is read', encode([Buffer.alloc(16), { type: 'telemetry', deep: nested(200) }])],
  ])('are malformed with %s', (_, payload) => {
    const delivery = new Delivery({ clock: new FakeClock(), random: platformRandom, transmit: () => false })
    expect(delivery.read(payload)).toBe(null)
  })
})

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

describe('what an agent is asked to send', () => {
  it.each([
    ['without a type', { type: '' }],
    ['with a type of the engine', { type: 'session.close' }],
    ['with a type of 65 characters', { type: 'a'.repeat(65) }],
    ['with undefined in it', { type: 'telemetry', position: [1, undefined] }],
    ['with bytes in it', { type: 'telemetry', bytes: new Uint8Array(3) }],
    ['with a function in it', { type: 'telemetry', act: () => 1 }],
    ['with a big integer in it', { type: 'telemetry', number: 1n }],
    ['with a number that is none', { type: 'telemetry', number: Number.POSITIVE_INFINITY }],
    ['with a date in it', { type: 'telemetry', at: new Date(0) }],
    [
      'with a key that is a prototype',
      JSON.parse('{"type": "telemetry", "a": {"__proto__": {"b": 1}}}') as { type: string },
    ],
    ['nested too deep', { type: 'telemetry', deep: nested(200) }],
    ['larger than 128 KiB', { type: 'telemetry', text: 'x'.repeat(128 * 1024) }],
  ])('is refused %s, with what is wrong', async (_, message) => {
    const { chaser } = sessionPair()
    const session = await chaser.establishSecureSession('target-station')
    await expect(chaser.sendSecureMessage(session, message)).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it.each([0, 6, 1.5, Number.NaN])('is refused with priority %s', async (priority) => {
    const { chaser } = sessionPair()
    const session = await chaser.establishSecureSession('target-station')
    await expect(chaser.sendSecureMessage(session, { type: 'telemetry' }, priority)).rejects.toThrow(
      EncryptionError,
    )
  })

  it('arrives as it was: numbers, texts, lists, maps, null', async () => {
    const { chaser, target } = sessionPair()
    const session = await chaser.establishSecureSession('target-station')
    const message = {
      type: 'telemetry',
      numbers: [0, -1, 0.1, 1e300, 2 ** 53, -(2 ** 53) - 2, 2 ** 60, 5e-324, 1_800_000_000.5],
      texts: ['', 'ÄÖ €', '😀', '\0'],
      none: null,
      yes: true,
      deep: { a: [{ b: [] }] },
    }
    void chaser.sendSecureMessage(session, message)
    expect((await target.receiveSecureMessage({ peerAgent: 'chaser-001' }))?.message).toEqual(message)
  })
})

describe('a receiver that nobody reads from', () => {
  it('keeps what fits and acknowledges no more, so that nothing is lost when it is read', async () => {
    const { chaser, target, clock } = sessionPair({ replayWindowSize: 8192 })
    const session = await chaser.establishSecureSession('target-station')
    let delivered = 0
    for (let number = 0; number < 1_001; number++)
      void chaser
        .sendSecureMessage(session, { type: 'telemetry', number })
        .then((yes) => (delivered += Number(yes)))
    await settle(() => delivered === 1_000)
    // Sent again while there is still no room: still not acknowledged.
    clock.advance(resendMilliseconds)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(delivered).toBe(1_000)
    const first = await target.receiveSecureMessage({ peerAgent: 'chaser-001' })
    expect(first?.message['number']).toBe(0)
    clock.advance(resendMilliseconds)
    await settle(() => delivered === 1_001)
    const numbers = new Set<unknown>()
    for (let count = 0; count < 1_000; count++)
      numbers.add((await target.receiveSecureMessage({ peerAgent: 'chaser-001' }, 1))?.message['number'])
    expect(numbers.has(1_000)).toBe(true)
    expect(numbers.size).toBe(1_000)
  })
})

describe('a message whose reader fails', () => {
  it('is not acknowledged, and handed over again until the reader has it', async () => {
    const { chaser, target, clock } = sessionPair()
    const session = await chaser.establishSecureSession('target-station')
    let attempts = 0
    target.on('message', () => {
      attempts++
      if (attempts < 3) throw new SecurityException('storage_full', 'The disk is full.')
    })
    let delivered: boolean | null = null
    void chaser.sendSecureMessage(session, { type: 'telemetry' }).then((yes) => (delivered = yes))
    for (let attempt = 1; attempt <= 3; attempt++) {
      await settle(() => attempts === attempt)
      if (attempt < 3) {
        expect(delivered).toBe(null)
        clock.advance(resendMilliseconds)
      }
    }
    await settle(() => delivered !== null)
    expect(delivered).toBe(true)
    expect(attempts).toBe(3)
  })
})
