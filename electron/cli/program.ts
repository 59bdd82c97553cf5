import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { AuditFilter, AuditType } from '#shared/model/audit.ts'
import { Severity } from '#shared/model/primitives.ts'
import { defaultDataFolder } from '#core/data-folder.ts'
import { SecurityException } from '#core/errors.ts'
import type { LogLevel } from '#core/log.ts'
import manifest from '../../package.json' with { type: 'json' }
import { type AuditParts, runAuditList, runAuditVerify } from './audit.ts'
import { runCall } from './call.ts'
import { type ConsoleParts, runConsole } from './console.ts'
import { type ConformanceParts, runConformance } from './conformance/command.ts'
import { CommandFailure, ExitCode } from './outcome.ts'
import { writeJsonLine, writeLine } from './output.ts'

export interface CliParts extends ConsoleParts, AuditParts, ConformanceParts {
  /** Adds `agent`. Its actions end the program by throwing, or by setting process.exitCode. */
  readonly registerAgentCommands: (program: Command) => void
}

interface Common {
  readonly dataDir: string
  readonly json: boolean
}

/**
 * Runs the command line.
 * @param argv without the program's own name
 * @returns the exit code, see ExitCode
 */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  const state: { code: number; json: boolean } = { code: ExitCode.ok, json: false }
  const program = createProgram(parts, (code) => {
    state.code = code
  })
  program.hook('preAction', (_program, action) => {
    state.json = action.opts<{ json?: boolean }>().json === true
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return state.code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.couldNotRun
    const failure = asFailure(error)
    if (state.json) writeJsonLine(parts.stdout, { ok: false, code: failure.code, message: failure.message })
    else writeLine(parts.stderr, `groundlock: ${failure.message}`)
    return failure.exitCode
  }
}

function asFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error
  if (error instanceof SecurityException)
    return new CommandFailure(ExitCode.refused, error.code, error.message)
  throw error
}

function createProgram(parts: CliParts, finish: (code: ExitCode) => void): Command {
  const program = new Command('groundlock')
    .description(manifest.description)
    .version(manifest.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void parts.stdout.write(text),
      writeErr: (text) => void parts.stderr.write(text),
    })
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 could not run.')

  withCommon(program.command('console'))
    .description('run the console without a window, until SIGINT or SIGTERM')
    .option('--pin-fd <n>', 'read the PIN from this file descriptor', wholeNumber)
    .option('--pin-stdin', 'read the PIN from the first line of standard input')
    .option(
      '--create-token <label>',
      'make the software token if there is none; reads the PIN, then the SO-PIN',
    )
    .option('--operator <name>', 'the person the new token is for')
    .addOption(
      new Option('--log-level <level>', 'of the log on standard error')
        .choices(['info', 'warn', 'error'])
        .default('warn'),
    )
    .action(async (options: Common & { logLevel: LogLevel }) => finish(await runConsole(options, parts)))

  withCommon(program.command('call'))
    .description('ask a running headless console for one operation')
    .argument('<operation>', 'its name, e.g. fleet.list')
    .argument('[input]', 'its input as JSON, or - for standard input; {} if left out')
    .action(async (name: string, input: string | undefined, options: Common) =>
      finish(await runCall(name, input, options, parts)),
    )

  const audit = program.command('audit').description('the audit log of a data folder, read only')
  withCommon(audit.command('verify'))
    .description('recompute the chain; exit code 1 if it is broken')
    .action(async (options: Common) => finish(await runAuditVerify(options, parts)))
  withCommon(audit.command('list'))
    .description('print records, newest first')
    .option('--limit <n>', 'at most this many', wholeNumber, 50)
    .option('--before <sequence>', 'only records before this one', wholeNumber)
    .addOption(new Option('--type <type...>', 'only these types').choices(AuditType.options))
    .addOption(new Option('--severity <minimum>', 'only this severity and above').choices(Severity.options))
    .option('--text <text>', 'only records whose actor, subject or detail holds this')
    .action(async (options: Common & ListOptions) =>
      finish(await runAuditList(readListOptions(options), parts)),
    )

  withCommon(program.command('conformance'))
    .description('run test vectors (C2SP/Wycheproof v1) against the engine; exit code 1 if a case fails')
    .argument('<path...>', 'files, or folders with .json files')
    .option('--fallbacks', 'with the packages that other platforms need in place of the library', false)
    .action(async (paths: string[], options: Common & { fallbacks: boolean }) =>
      finish(await runConformance(paths, options, parts)),
    )

  parts.registerAgentCommands(program)
  return program
}

const withCommon = (command: Command): Command =>
  command
    .option('--data-dir <folder>', 'the data folder', defaultDataFolder())
    .option('--json', 'print JSON, one object a line', false)

interface ListOptions {
  readonly limit: number
  readonly before?: number
  readonly type?: AuditType[]
  readonly severity?: Severity
  readonly text?: string
}

function readListOptions({ type, severity, text, limit, before, ...common }: Common & ListOptions) {
  const filter = AuditFilter.parse({
    ...(type === undefined ? {} : { types: type }),
    ...(severity === undefined ? {} : { minimumSeverity: severity }),
    ...(text === undefined ? {} : { text: text.slice(0, 100) }),
  })
  return { ...common, limit: Math.max(1, limit), before, filter }
}

function wholeNumber(text: string): number {
  const number = z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .safeParse(text)
  if (!number.success) throw new InvalidArgumentError('It is not a whole number.')
  return number.data
}
