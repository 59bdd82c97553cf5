/** The middle of some samples, and the quartiles around it: half of the samples lie between them. */
export interface Distribution {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** One of the sides of a comparison. `run` does `count` operations. */
export interface Side {
  run(count: number): void | Promise<void>
}

export interface Comparison {
  /** Operations per second. */
  readonly ours: Distribution
  readonly reference: Distribution
  /** Ours over the reference, taken round by round. */
  readonly ratio: Distribution
}

export function distribution(samples: readonly number[]): Distribution {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (share: number): number => {
    const place = share * (sorted.length - 1)
    const below = sorted[Math.floor(place)] ?? Number.NaN
    const above = sorted[Math.ceil(place)] ?? Number.NaN
    return below + (above - below) * (place - Math.floor(place))
  }
  return { median: at(0.5), low: at(0.25), high: at(0.75) }
}

/**
 * What a second is. `processor`: a second of this process's CPU time, which a neighbour on the machine does not take
 * part of; for work that does not wait. `wall`: for work that waits, as a commit does for its disk.
 */
export type Time = 'processor' | 'wall'

export interface Rounds {
  readonly time: Time
  readonly rounds: number
  /** How long one side of one round runs, in milliseconds. */
  readonly milliseconds: number
  /** Least operations in a round, for operations that take long. */
  readonly least?: number
}

/** Rounds at the beginning that only serve the compiler. */
const uncounted = 3

/**
 * Runs both sides by turns, the one that goes first alternating, so that a neighbour on the machine and a clock that
 * changes its speed meet both alike.
 */
export async function compare(
  ours: Side,
  reference: Side,
  { time, rounds, milliseconds, least = 1 }: Rounds,
): Promise<Comparison> {
  const counts = [
    await calibrate(ours, time, milliseconds, least),
    await calibrate(reference, time, milliseconds, least),
  ] as const
  const rates: [number, number][] = []
  for (let round = -uncounted; round < rounds; round += 1) {
    if (round % 2 === 0) {
      const first = await rate(ours, counts[0], time)
      rates.push([first, await rate(reference, counts[1], time)])
    } else {
      const first = await rate(reference, counts[1], time)
      rates.push([await rate(ours, counts[0], time), first])
    }
  }
  rates.splice(0, uncounted)
  return {
    ours: distribution(rates.map(([one]) => one)),
    reference: distribution(rates.map(([, other]) => other)),
    ratio: distribution(rates.map(([one, other]) => one / other)),
  }
}

/** Operations per second of one run. */
export async function rate(side: Side, count: number, time: Time): Promise<number> {
  const start = now(time)
  await side.run(count)
  return (count * 1000) / Math.max(0.001, now(time) - start)
}

/** Milliseconds since some beginning. */
function now(time: Time): number {
  if (time === 'wall') return performance.now()
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** How many operations fill a round; finding out warms the side up. */
async function calibrate(side: Side, time: Time, milliseconds: number, least: number): Promise<number> {
  let count = least
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const perSecond = await rate(side, count, time)
    const wanted = Math.max(least, Math.round((perSecond * milliseconds) / 1000))
    if (wanted <= count * 1.5) return wanted
    count = Math.min(wanted, count * 8)
  }
  return count
}
