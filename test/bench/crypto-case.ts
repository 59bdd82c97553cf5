import type { Rounds, Side } from './measure.ts'
import type { SpeedRun } from './openssl-speed.ts'

/** One function of the engine, and the same work by the library that it calls. */
export interface CryptoCase {
  /** Lines of one part are printed under one heading. */
  readonly part: string
  readonly what: string
  /** What the bare call is. */
  readonly against: string
  readonly ours: Side
  readonly bare: Side
  readonly rounds: Rounds
  /** Where `openssl speed` measures the same. */
  readonly speed?: SpeedRun
}

/** Bytes of the messages. */
export const sizes = [64, 256, 1024, 16 * 1024, 1024 * 1024] as const

export const sizeText = (size: number): string =>
  size >= 1024 * 1024 ? `${size / 1024 / 1024} MiB` : size >= 1024 ? `${size / 1024} KiB` : `${size} B`

/**
 * Many short rounds, so that both sides of a ratio meet the same neighbours on the machine and the same state of the
 * memory that outputs are taken from.
 */
export const shortRounds: Rounds = { time: 'processor', rounds: 41, milliseconds: 8 }
/** For messages: the ratio is what the engine is held to. */
export const steadyRounds: Rounds = { time: 'processor', rounds: 81, milliseconds: 6 }
/** For what takes a round's time or more once. */
export const fewRounds: Rounds = { time: 'processor', rounds: 9, milliseconds: 8 }

/** Calls `operation` once for each operation. */
export const eachTime = (operation: () => unknown): Side => ({
  run(count) {
    for (let index = 0; index < count; index += 1) operation()
  },
})

/** The same where an operation is waited for. */
export const eachAwaited = (operation: () => Promise<unknown>): Side => ({
  async run(count) {
    for (let index = 0; index < count; index += 1) await operation()
  },
})
