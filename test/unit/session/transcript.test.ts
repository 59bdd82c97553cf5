import { createECDH, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { decode, encode } from 'cborg'
import { describe, expect, it, vi } from 'vitest'
import { sha384 } from '#core/crypto/digest.ts'
import type * as KeyAgreement from '#core/crypto/key-agreement.ts'
import type { RandomSource } from '#core/crypto/random.ts'
import { readEnvelope } from '#core/session/envelope.ts'
import { type HandshakeParty, type HandshakeResult, Initiator, Responder } from '#core/session/handshake.ts'
import { derive } from '#core/session/key-schedule.ts'
import { SecureSession } from '#core/session/secure-session.ts'
import { FakeClock } from '../../support/clock.ts'

/**
 * The wire format, fixed by the worked transcript of docs/PROTOCOL.md: what this engine makes of the inputs there has
 * to be what stands there, to the byte. A change here is a new version of the protocol.
 */
const text = readFileSync(new URL('../../../docs/PROTOCOL.md', import.meta.url), 'utf8')
const documented = new Map<string, Buffer>()
for (const [, name, digits] of text.matchAll(/^ {4}([a-zA-Z][\w .]*) =((?:\s+[0-9a-f]{2,96}(?![^\n]))+)$/gm))
  documented.set(name!, Buffer.from(digits!.replaceAll(/\s/g, ''), 'hex'))

function given(name: string): Buffer {
  const value = documented.get(name)
  if (value === undefined) throw new Error(`docs/PROTOCOL.md gives no "${name}"`)
  return Buffer.from(value)
}

/** Ephemeral private keys, in the order in which they are asked for. */
const ephemerals = vi.hoisted((): { scalars: Buffer[] } => ({ scalars: [] }))

vi.mock('#core/crypto/key-agreement.ts', async (original) => {
  const module = await original<typeof KeyAgreement>()
  return {
    ...module,
    generateEphemeralP384: () => {
      const side = createECDH('secp384r1')
      side.setPrivateKey(ephemerals.scalars.shift()!)
      return { publicPoint: side.getPublicKey(), agree: (point: Uint8Array) => side.computeSecret(point) }
    },
  }
})

/** Random bytes as the transcript gives them. */
const drawing = (...values: Buffer[]): RandomSource => ({ bytes: () => values.shift()! })

function party(side: 'initiator' | 'responder', random: RandomSource): HandshakeParty {
  return {
    agentId: side === 'initiator' ? 'chaser-001' : 'target-station',
    signer: { algorithm: 'ECDSA-P384', sign: () => Promise.resolve(given(`signature ${side}`)) },
    chain: [given(`certificate ${side}`)],
    random,
    firstSequence: () => (side === 'initiator' ? 1025 : 2049),
    judge: (chain) =>
      given(
        Buffer.from(chain[0]!).equals(given('certificate initiator'))
          ? 'public key initiator'
          : 'public key responder',
      ),
    proved: () => undefined,
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

async function handshake() {
  ephemerals.scalars = [given('ephemeral initiator'), given('ephemeral responder')]
  const initiator = new Initiator(
    party('initiator', drawing(given('session id'), given('nonce initiator'))),
    'target-station',
    'high',
  )
  const responder = await Responder.respond(
    party('responder', drawing(given('nonce responder'))),
    'chaser-001',
    initiator.message1,
  )
  const { message3, result } = await initiator.readReply(responder.message2)
  return {
    message1: initiator.message1,
    message2: responder.message2,
    message3,
    result,
    other: responder.readConfirm(message3),
  }
}

function sessionOf(result: HandshakeResult, clock: FakeClock, next: number) {
  const sent: Uint8Array[] = []
  let sequence = next
  const session = new SecureSession(result, {
    clock,
    localAgent: result.initiator ? 'chaser-001' : 'target-station',
    maxMessageAge: 60,
    replayWindowSize: 64,
    nextSequence: () => sequence++,
    transmit: (body) => sent.push(body),
    onRekey: () => undefined,
  })
  return { session, sent }
}

describe('the worked transcript', () => {
  it('has the handshake that this engine makes', async () => {
    const { message1, message2, message3, result, other } = await handshake()
    expect(hex(message1)).toBe(hex(given('message1')))
    expect(hex(message2)).toBe(hex(given('message2')))
    expect(hex(message3)).toBe(hex(given('message3')))
    expect(hex(result.trafficSecret)).toBe(hex(given('traffic secret')))
    expect(hex(other.trafficSecret)).toBe(hex(given('traffic secret')))
  })

  it('has the steps in between as the text derives them', () => {
    const side = createECDH('secp384r1')
    side.setPrivateKey(given('ephemeral initiator'))
    const [, , , , , point] = decode(given('message1')) as Uint8Array[]
    expect(hex(side.getPublicKey())).toBe(hex(point!))
    const [clear] = decode(given('message2')) as [Uint8Array]
    const responderPoint = (decode(clear) as Uint8Array[])[4]!
    const shared = side.computeSecret(responderPoint)
    expect(hex(shared)).toBe(hex(given('ECDH')))
    const context = encode(['groundlock session', 1, 'chaser-001', 'target-station'])
    const t1 = sha384(context, given('message1'), clear)
    expect(hex(t1)).toBe(hex(given('t1')))
    const secret = derive(shared, t1, 'handshake')
    const whole = sha384(context, given('message1'), given('message2'), given('message3'))
    expect(hex(derive(secret, whole, 'traffic'))).toBe(hex(given('traffic secret')))
  })

  it('has the keys of the first version', () => {
    const traffic = given('traffic secret')
    for (const side of ['initiator', 'responder']) {
      expect(hex(derive(traffic, given('session id'), `${side} key`, 32))).toBe(hex(given(`${side} key`)))
      expect(hex(derive(traffic, given('session id'), `${side} iv`, 12))).toBe(hex(given(`${side} iv`)))
    }
    expect(hex(derive(traffic, given('session id'), 'chain'))).toBe(hex(given('chain')))
  })

  it('has the envelopes, the rekey and the version after it', async () => {
    const { result, other } = await handshake()
    const clock = new FakeClock('2026-11-21T00:00:00.000Z')
    const from = sessionOf(result, clock, 1026)
    const to = sessionOf(other, clock, 2050)
    const pass = (body: Uint8Array, session: SecureSession): Buffer => {
      const opened = session.open(readEnvelope(body)!)
      if (!opened.accepted) throw new Error(opened.verdict)
      session.handleRekey(opened.header, opened.payload)
      return opened.payload
    }
    const sealed = from.session.seal('telemetry', given('plaintext'), 3)
    expect(hex(sealed)).toBe(hex(given('envelope 1')))
    expect(hex(pass(sealed, to.session))).toBe(hex(given('plaintext')))

    ephemerals.scalars = [given('rekey ephemeral initiator'), given('rekey ephemeral responder')]
    const rotated = from.session.rotate('operator')
    expect(hex(pass(from.sent.shift()!, to.session))).toBe(hex(given('offer')))
    expect(hex(pass(to.sent.shift()!, from.session))).toBe(hex(given('accept')))
    pass(from.sent.shift()!, to.session)
    pass(to.sent.shift()!, from.session)
    expect(await rotated).toBe(2)
    const again = from.session.seal('telemetry', given('plaintext'), 3)
    expect(hex(again)).toBe(hex(given('envelope 2')))
    expect(hex(pass(again, to.session))).toBe(hex(given('plaintext')))
  })

  it('gives each value once, and public keys that are of P-384', () => {
    const names = [...text.matchAll(/^ {4}([a-zA-Z][\w .]*) =\s+[0-9a-f]{2,96}$/gm)].map(([, name]) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const side of ['initiator', 'responder']) expect(given(`public key ${side}`)).toHaveLength(120)
    expect(() => createPrivateKey(given('public key initiator'))).toThrow()
  })
})
