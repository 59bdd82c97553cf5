import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { AdvancedEncryptionManager } from '#core/crypto/encryption-manager.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { TokenRandom } from '#core/crypto/token-random.ts'
import { KeyManager } from '#core/keys/key-manager.ts'
import { refusal, refusalOf } from '../../support/crypto-inputs.ts'

/** A token whose every byte was counted. */
class CountingToken {
  drawn = Buffer.alloc(0)
  broken = false

  random(length: number): Promise<Buffer> {
    if (this.broken) return Promise.reject(new Error('unplugged'))
    const bytes = randomBytes(length)
    this.drawn = Buffer.concat([this.drawn, bytes])
    return Promise.resolve(Buffer.from(bytes))
  }
}

it('hands out the bytes of the token, each once', async () => {
  const token = new CountingToken()
  const random = await TokenRandom.create(token)
  const given = new Set<string>()
  for (let draw = 0; draw < 2000; draw++) {
    const bytes = random.bytes(16)
    expect(token.drawn.includes(bytes)).toBe(true)
    given.add(bytes.toString('hex'))
    if (draw % 100 === 0) await random.refill()
  }
  expect(given.size).toBe(2000)
})

it('stops where the token does not deliver, and goes on when it does again', async () => {
  const token = new CountingToken()
  const random = await TokenRandom.create(token)
  token.broken = true
  const drain = (): never => {
    for (;;) random.bytes(1024)
  }
  expect(refusal(drain).code).toBe('token_error')
  await expect(random.refill()).rejects.toThrow('unplugged')
  token.broken = false
  await random.refill()
  expect(random.bytes(1024).length).toBe(1024)
  random.destroy()
  expect(refusal(() => random.bytes(1)).code).toBe('token_error')
})

it('refuses a token that stands still or gives too little', async () => {
  const still = { random: (length: number) => Promise.resolve(Buffer.alloc(length, 7)) }
  const short = { random: () => Promise.resolve(randomBytes(8)) }
  expect((await refusalOf(TokenRandom.create(still))).code).toBe('token_error')
  expect((await refusalOf(TokenRandom.create(short))).code).toBe('token_error')
})

it('is where keys come from, for the manager and for key pairs', async () => {
  const token = new CountingToken()
  const random = await TokenRandom.create(token)
  const key = new AdvancedEncryptionManager({}, { random }).generateSessionKey(['a', 'b'])
  key.use((bytes) => expect(token.drawn.includes(Buffer.from(bytes))).toBe(true))
  const pair = await new KeyManager({ random }).generateKeyPair('ML-KEM-768')
  const der = Buffer.from(pair.privateKey.toString().split('\n').slice(1, -2).join(''), 'base64')
  expect(token.drawn.includes(der.subarray(-64))).toBe(true)
})

it('of the platform gives buffers that share their memory with nothing', () => {
  const bytes = platformRandom.bytes(32)
  expect(bytes.buffer.byteLength).toBe(32)
})
