import type { EventOf, InputOf, OperationName, OutputOf } from '#shared/contract/index.ts'
import type { ConsoleStatus } from '#shared/model/console.ts'
import { type Clock, isoTime } from '#core/clock.ts'
import type { FeedListener } from '#core/dispatch/feed.ts'
import { createLog, type LogLevel } from '#core/log.ts'
import type { RunningEngine, startEngine } from '#core/start.ts'
import { stopInOrder } from '#core/stopping.ts'
import { describeEvent, describeStatus } from './console-lines.ts'
import { serveLocalSocket } from './local-socket.ts'
import { CommandFailure, ExitCode, required, usageFailure } from './outcome.ts'
import { writeJsonLine, writeLine, type Writer } from './output.ts'
import { type Asking, openSecretInput, type SecretInput, type SecretOptions } from './secret-input.ts'

/** The control socket of a headless console in its data folder. */
export const controlSocket = 'control'

export interface ConsoleOptions extends SecretOptions {
  readonly dataDir: string
  /** Label of the software token to make where there is none; needs `operator`. */
  readonly createToken?: string | undefined
  /** Name of the person the token is made for. */
  readonly operator?: string | undefined
  readonly json: boolean
  readonly logLevel: LogLevel
}

export interface ConsoleParts extends Asking {
  readonly stdout: Writer
  readonly clock: Clock
  readonly startEngine: typeof startEngine
  /** From now on signals no longer end the process; settles when the first one asks it to stop. */
  readonly untilStopped: () => Promise<void>
}

/**
 * The console without a window: engine, gateway and a control socket, until it is asked to stop. Prints a line for
 * every change (with `json` an object each: `time`, `event`, `payload`). Where a PIN source or a terminal is given it
 * signs in; otherwise it waits, and `groundlock call access.signIn -` can do it.
 * @throws CommandFailure if it cannot start, if the PIN is refused
 */
export async function runConsole(options: ConsoleOptions, parts: ConsoleParts): Promise<ExitCode> {
  if (options.createToken !== undefined && options.operator === undefined) {
    throw usageFailure('--create-token needs --operator NAME, the person the token is for.')
  }
  const { clock } = parts
  const stopped = parts.untilStopped()
  const secrets = openSecretInput(options, parts)
  const log = createLog(parts.stderr, options.logLevel, clock)
  const steps: (() => Promise<void> | void)[] = [() => secrets?.close()]
  try {
    const engine = await required(() => parts.startEngine(options.dataDir, log))
    steps.unshift(() => engine.stop())
    const server = await required(() =>
      serveLocalSocket({
        folder: options.dataDir,
        name: controlSocket,
        handle: (peer, name, input) => engine.dispatcher.call(peer, name, input),
        log,
      }),
    )
    steps.unshift(() => server.close())
    const report = reporter(options, parts)
    steps.unshift(
      engine.feed.subscribe((name, payload) => {
        report(name, payload)
        server.announce(name, payload)
      }),
    )
    const status = await ask(engine, 'console.status', {})
    report('console.status', status)
    if (secrets !== null) await Promise.race([stopped, signIn(engine, status, secrets, options)])
    await stopped
  } catch (error) {
    await stopInOrder(steps, { clock, log })
    throw error
  }
  return (await stopInOrder(steps, { clock, log })) ? ExitCode.ok : ExitCode.refused
}

function reporter({ json }: ConsoleOptions, { stdout, clock }: ConsoleParts): FeedListener {
  let last: ConsoleStatus | null = null
  return (event, payload) => {
    const time = isoTime(clock.now())
    if (json) return writeJsonLine(stdout, { time, event, payload })
    if (event === 'console.status') {
      const status = payload as ConsoleStatus
      for (const line of describeStatus(last, status)) writeLine(stdout, `${time} ${line}`)
      last = status
    } else {
      writeLine(stdout, `${time} ${describeEvent(event, payload as EventOf<typeof event>)}`)
    }
  }
}

/** Reads a new PIN; from a person twice, because a typo in it would lock everybody out. */
async function readNew(secrets: SecretInput, prompt: string): Promise<Buffer> {
  const pin = await secrets.read(prompt)
  if (!secrets.interactive) return pin
  const again = await secrets.read('The same again')
  const same = pin.equals(again)
  again.fill(0)
  if (same) return pin
  pin.fill(0)
  throw usageFailure('The two do not agree. Nothing was made; start again.')
}

async function signIn(
  engine: RunningEngine,
  status: ConsoleStatus,
  secrets: SecretInput,
  { createToken, operator = '' }: ConsoleOptions,
): Promise<void> {
  if (status.phase === 'no_token') {
    if (createToken === undefined) return
    const pin = await readNew(secrets, `New PIN for the token ${createToken}`)
    const soPin = await readNew(secrets, 'New SO-PIN, which lifts a locked PIN')
    try {
      const input = { label: createToken, operator, pin: pin.toString(), soPin: soPin.toString() }
      const { phase } = await ask(engine, 'token.create', input)
      if (phase !== 'signed_in') await ask(engine, 'access.signIn', { pin: pin.toString() })
    } finally {
      pin.fill(0)
      soPin.fill(0)
    }
    return
  }
  if (createToken !== undefined) {
    throw new CommandFailure(
      ExitCode.refused,
      'token_exists',
      'This data folder has a token already. Leave out --create-token.',
    )
  }
  const pin = await secrets.read(`PIN of the token ${status.token?.label ?? ''}`.trim())
  try {
    await ask(engine, 'access.signIn', { pin: pin.toString() })
  } finally {
    pin.fill(0)
  }
}

/** Calls the engine as every transport does; a refusal ends the command. */
async function ask<Name extends OperationName>(
  engine: RunningEngine,
  name: Name,
  input: InputOf<Name>,
): Promise<OutputOf<Name>> {
  const reply = await engine.dispatcher.call('cli', name, input)
  if (!reply.ok) throw new CommandFailure(ExitCode.refused, reply.code, reply.message)
  return reply.value as OutputOf<Name>
}
