import type { ErrorCode } from '#shared/errors.ts'
import { SecurityException } from '#core/errors.ts'

/**
 * How a command ends. `refused`: it ran, and the answer is no (a call that was refused, a broken audit chain).
 * `couldNotRun`: wrong arguments, no console to talk to, a data folder that cannot be used.
 */
export const ExitCode = { ok: 0, refused: 1, couldNotRun: 2 } as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** Ends a command with a message for people and, with `--json`, a code for scripts. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode
  readonly code: ErrorCode | 'usage'

  constructor(exitCode: ExitCode, code: ErrorCode | 'usage', message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
    this.code = code
  }
}

/** An argument that does not fit. */
export const usageFailure = (message: string): CommandFailure =>
  new CommandFailure(ExitCode.couldNotRun, 'usage', message)

/** Runs a step without which the command cannot run at all: what the engine refuses there ends with `couldNotRun`. */
export async function required<Result>(step: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof SecurityException)) throw error
    throw new CommandFailure(ExitCode.couldNotRun, error.code, error.message, { cause: error })
  }
}
