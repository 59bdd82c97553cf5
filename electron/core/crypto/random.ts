import { randomBytes, randomUUID } from 'node:crypto'

/** Where random bytes come from: the platform, or later the token. */
export interface RandomSource {
  /** `length` bytes in a buffer of their own, so that filling it with zeros leaves no copy in a shared pool. */
  bytes(length: number): Buffer
}

export const platformRandom: RandomSource = {
  bytes(length) {
    const out = Buffer.allocUnsafeSlow(length)
    const drawn = randomBytes(length)
    drawn.copy(out)
    drawn.fill(0)
    return out
  },
}

/** An opaque identifier: 16 random bytes as 32 hexadecimal digits. */
export const opaqueId = (random: RandomSource = platformRandom): string => random.bytes(16).toString('hex')

/** A correlation identifier for a log line; not a secret. */
export const correlationId = (): string => randomUUID()
