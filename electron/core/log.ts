import { type Clock, isoTime, systemClock } from './clock.ts'
import { SecurityException } from './errors.ts'

export type LogLevel = 'info' | 'warn' | 'error'

/** What may stand beside a message. Only primitives: no object can carry a secret into the log by being logged whole. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>

/** The engine's diary for its developers. It is not the audit log, and nothing secret may go into either. */
export interface Log {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const rank: Record<LogLevel, number> = { info: 0, warn: 1, error: 2 }

/** Longest text that one field or message takes in a log line, in UTF-16 units. */
const longestText = 2000

/** Writes one JSON object a line: `time`, `level`, `message`, and the fields. Lines below `level` are dropped. */
export function createLog(
  stream: { write(line: string): unknown },
  level: LogLevel = 'info',
  clock: Clock = systemClock,
): Log {
  const write = (at: LogLevel, message: string, fields: LogFields = {}): void => {
    if (rank[at] < rank[level]) return
    const line: Record<string, unknown> = {
      time: isoTime(clock.now()),
      level: at,
      message: primitive(message),
    }
    for (const [name, value] of Object.entries(fields))
      if (!Object.hasOwn(line, name)) line[name] = primitive(value)
    stream.write(`${JSON.stringify(line)}\n`)
  }
  return {
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  }
}

/** For callers that keep no diary, and for tests. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

/**
 * An error as log fields: name, code, message and the stack's frames. The message of a SyntaxError is left out,
 * because JSON.parse quotes its input there and the input may be a secret.
 */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    error: error.name,
    ...(error instanceof SecurityException ? { code: error.code } : {}),
    ...(error instanceof SyntaxError ? {} : { problem: error.message }),
    ...(error.cause instanceof Error ? { cause: `${error.cause.name}: ${causeText(error.cause)}` } : {}),
    stack: frames.map((line) => line.trim()).join(' | '),
  }
}

const causeText = (cause: Error): string => (cause instanceof SyntaxError ? 'not valid JSON' : cause.message)

/** The types promise primitives; a value that is none after all is named by its type and not written. */
function primitive(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value !== 'string') return `[${typeof value}]`
  return value.length > longestText ? `${value.slice(0, longestText)}…` : value
}
