import { argon2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { argon2id } from '#core/crypto/argon2.ts'

describe('argon2id', () => {
  it('is what OpenSSL computes, version 0x13', async () => {
    const cost = { memoryKiB: 64, passes: 3, lanes: 2 }
    const salt = Buffer.alloc(16, 2)
    const expected = argon2Sync('argon2id', {
      message: Buffer.from('correct horse'),
      nonce: salt,
      parallelism: cost.lanes,
      tagLength: 32,
      memory: cost.memoryKiB,
      passes: cost.passes,
    })
    expect((await argon2id(Buffer.from('correct horse'), salt, cost)).equals(expected)).toBe(true)
  })
})
