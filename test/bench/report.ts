import type { Comparison, Distribution } from './measure.ts'

/** One line of the result: what was measured, and the same work without the engine. */
export interface Line {
  readonly part: string
  readonly what: string
  /** What the reference is. */
  readonly against: string
  /** What the rates count. */
  readonly unit: string
  readonly ours: Distribution
  readonly reference: Distribution
  readonly ratio: Distribution
  /** Of cryptography: how many times the reference's time ours takes, and what `openssl speed` does. */
  readonly cost?: { readonly overReference: number; readonly openssl: OpensslFigure | null }
}

export interface OpensslFigure {
  readonly version: string
  readonly rate: number
  /** How many times its time ours takes. */
  readonly cost: number
}

/** Takes lines as they are measured. */
export type Report = (line: Line) => void

export const compared = (
  part: string,
  what: string,
  against: string,
  unit: string,
  comparison: Comparison,
): Line => ({ part, what, against, unit, ...comparison })

/** Adds the figure of `openssl speed`, where there is one. */
export const withOpenssl = (line: Line, rate: number | null, version: string | null): Line => ({
  ...line,
  cost: {
    overReference: 1 / line.ratio.median,
    openssl: rate === null || version === null ? null : { version, rate, cost: rate / line.ours.median },
  },
})

const columns = [34, 24, 24, 24] as const

export const tableHead = (): string =>
  row(['', 'ours', 'reference', 'ours : reference']) +
  row(['', 'median (quartiles)', 'median (quartiles)', 'median (quartiles)'])

export function tableRow(line: Line): string {
  const rates = [line.ours, line.reference].map((one) => figures(one, rateText))
  return row([`  ${line.what}`, ...rates, figures(line.ratio, ratioText), ...costText(line)])
}

function costText({ cost }: Line): string[] {
  if (cost === undefined) return []
  const openssl =
    cost.openssl === null
      ? ''
      : `   openssl speed ${rateText(cost.openssl.rate)}, ${ratioText(cost.openssl.cost)}x`
  return [`   cost ${ratioText(cost.overReference)}x${openssl}`]
}

/** The heading of a part: what its rates count, and what the reference is. */
export const tableTitle = (line: Line): string => `\n${line.part}: ${line.unit}, against ${line.against}\n`

const row = (cells: readonly string[]): string =>
  `${cells.map((cell, index) => (index === 0 ? cell.padEnd(columns[0]) : cell.padStart(columns[index] ?? 0))).join('')}\n`

const figures = ({ median, low, high }: Distribution, text: (value: number) => string): string =>
  `${text(median)} (${text(low)}-${text(high)})`

const rateText = (value: number): string =>
  value >= 100_000
    ? `${Math.round(value / 1000)}k`
    : value >= 1000
      ? `${(value / 1000).toFixed(1)}k`
      : value.toFixed(value >= 100 ? 0 : 1)

const ratioText = (value: number): string => value.toFixed(2)
