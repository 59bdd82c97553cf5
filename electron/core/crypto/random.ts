import { randomFillSync, randomUUID } from 'node:crypto'

/** Where random bytes come from: the platform, or later the token. */
export interface RandomSource {
  /** `length` bytes in a buffer of their own, so that filling it with zeros leaves no copy in a shared pool. */
  bytes(length: number): Buffer
}

export const platformRandom: RandomSource = {
  bytes(length) {
    return randomFillSync(Buffer.allocUnsafeSlow(length))
  },
}

/** An opaque identifier: 16 random bytes as 32 hexadecimal digits. */
export const opaqueId = (random: RandomSource = platformRandom): string => random.bytes(16).toString('hex')

/** A correlation identifier for a log line; not a secret. */
export const correlationId = (): string => randomUUID()
