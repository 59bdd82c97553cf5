import { parseArgs } from 'node:util'
import type { LogLevel } from '#core/log.ts'

export interface WebArguments {
  /** Null: the platform's data folder. */
  readonly dataDir: string | null
  /** 0: any free port. */
  readonly port: number
  readonly logLevel: LogLevel
}

/** An argument that the program does not take; the message says which it takes. */
export class UsageError extends Error {}

const usage = 'Usage: [--data-dir FOLDER] [--port 0-65535] [--log-level info|warn|error] [--no-open]'

/** Reads the browser host's command line. `--no-open` is for the starter, which opens the browser; here it changes nothing. */
export function parseWebArguments(argv: readonly string[]): WebArguments {
  let values: { 'data-dir'?: string; port: string; 'log-level': string; 'no-open': boolean }
  try {
    values = parseArgs({
      args: [...argv],
      options: {
        'data-dir': { type: 'string' },
        port: { type: 'string', default: '0' },
        'log-level': { type: 'string', default: 'warn' },
        'no-open': { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(
      `${error instanceof Error ? error.message : 'The arguments cannot be read.'}\n${usage}`,
    )
  }
  const { 'data-dir': dataDir, port, 'log-level': logLevel } = values
  if (dataDir === '') throw new UsageError(`--data-dir needs a folder.\n${usage}`)
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new UsageError(`--port ${port} is not a port.\n${usage}`)
  if (!isLevel(logLevel)) throw new UsageError(`--log-level ${logLevel} is not a level.\n${usage}`)
  return { dataDir: dataDir ?? null, port: Number(port), logLevel }
}

const isLevel = (text: string): text is LogLevel => ['info', 'warn', 'error'].includes(text)
