import { type Clock, systemClock } from '#core/clock.ts'
import { platformRandom, type RandomSource } from '#core/crypto/random.ts'
import { defaultDataFolder } from '#core/data-folder.ts'
import { SecurityException } from '#core/errors.ts'
import { createLog, errorFields, type Log } from '#core/log.ts'
import type { startEngine } from '#core/start.ts'
import { stopInOrder } from '#core/stopping.ts'
import { parseWebArguments, UsageError } from './arguments.ts'
import { startWebHost } from './server.ts'

export interface WebProgramParts {
  readonly argv: readonly string[]
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
  readonly rendererFolder: string
  readonly startEngine: typeof startEngine
  /** Settles when the program is asked to stop. */
  readonly stopRequested: Promise<void>
  readonly clock?: Clock
  readonly random?: RandomSource
}

/**
 * The console in a browser: starts engine and web host, prints `Groundlock console: <one-use address>`, and runs until
 * it is asked to stop.
 * @returns the exit code: 0 stopped cleanly, 1 refused or failed (the reason is on stderr), 2 wrong arguments
 */
export async function runWebProgram(parts: WebProgramParts): Promise<number> {
  const clock = parts.clock ?? systemClock
  const steps: (() => Promise<void>)[] = []
  let log: Log = createLog(parts.stderr, 'warn', clock)
  try {
    const { dataDir, port, logLevel } = parseWebArguments(parts.argv)
    log = createLog(parts.stderr, logLevel, clock)
    const engine = await parts.startEngine(dataDir ?? defaultDataFolder(), log)
    steps.unshift(() => engine.stop())
    const host = await startWebHost({
      dispatcher: engine.dispatcher,
      feed: engine.feed,
      rendererFolder: parts.rendererFolder,
      log,
      clock,
      random: parts.random ?? platformRandom,
      port,
      onOpened: (next) => parts.stdout.write(`Another window: ${next}\n`),
    })
    steps.unshift(() => host.stop())
    parts.stdout.write(`Groundlock console: ${host.url}\n`)
    await parts.stopRequested
    return (await stopInOrder(steps, { clock, log })) ? 0 : 1
  } catch (error) {
    await stopInOrder(steps, { clock, log })
    if (error instanceof UsageError) {
      parts.stderr.write(`groundlock: ${error.message}\n`)
      return 2
    }
    if (error instanceof SecurityException) parts.stderr.write(`groundlock: ${error.message}\n`)
    else log.error('the console could not start', errorFields(error))
    return 1
  }
}
