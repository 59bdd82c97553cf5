import type { Argon2Cost } from '#core/crypto/argon2.ts'
import { platformRandom } from '#core/crypto/random.ts'

/** An Argon2id cost for tests: as cheap as the algorithm allows. */
export const cheapCost: Argon2Cost = { memoryKiB: 8, passes: 1, lanes: 1 }

export const tokenParts = { random: platformRandom, cost: cheapCost }

/** PINs of test tokens; a token erases what it is given, so each call makes new bytes. */
export const pin = (text = 'correct horse'): Buffer => Buffer.from(text)
export const soPin = (text = 'battery staple'): Buffer => Buffer.from(text)
