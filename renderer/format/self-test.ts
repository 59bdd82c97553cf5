import type { SelfTestView } from '#shared/model/console.ts'

/** How the test of the engine at the start came out. */
export function selfTestSummary({ passed, algorithms }: SelfTestView): string {
  const failed = algorithms.filter((check) => !check.passed).map(({ algorithm }) => algorithm)
  return passed ? `${algorithms.length} algorithms passed` : `Failed: ${failed.join(', ')}`
}

/** Which algorithms do not come from the platform's library. */
export function providerSummary({ algorithms }: SelfTestView): string {
  const from = (provider: string): string =>
    algorithms
      .filter((check) => check.provider === provider)
      .map(({ algorithm }) => algorithm)
      .join(', ')
  const parts = [
    { names: from('noble'), by: '@noble packages' },
    { names: from('node-rs'), by: '@node-rs/argon2' },
  ].filter(({ names }) => names !== '')
  if (parts.length === 0) return "All from the platform's library."
  return `${parts.map(({ names, by }) => `${names} by ${by}`).join('; ')}; all others by the platform's library.`
}
