/** Where instants lie on a strip from `start` to `end` (epoch milliseconds) that is `width` units wide. */
export interface Scale {
  readonly start: number
  readonly end: number
  position(at: number): number
  /** Round instants to label, about `wanted` of them. */
  ticks(wanted: number): number[]
}

/** Steps that a person reads at once, in seconds. */
const steps = [
  5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
  2_592_000,
]

export function timelineScale(start: number, end: number, width: number): Scale {
  const length = Math.max(1, end - start)
  return {
    start,
    end,
    position: (at) => ((Math.min(Math.max(at, start), end) - start) / length) * width,
    ticks: (wanted) => {
      const step = (steps.find((each) => each * 1000 * wanted >= length) ?? 7_776_000) * 1000
      const first = Math.ceil(start / step) * step
      return Array.from(
        { length: Math.max(0, Math.floor((end - first) / step) + 1) },
        (_, index) => first + index * step,
      )
    },
  }
}
