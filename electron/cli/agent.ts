import { type Command, InvalidArgumentError, Option } from 'commander'
import { z } from 'zod'
import { AgentProfile, agentIdPattern } from '#shared/model/primitives.ts'
import { systemClock } from '#core/clock.ts'
import type { DrillKind } from '#core/agent/drill.ts'
import { runEnrol } from './agent-enrol.ts'
import { runAgent } from './agent-run.ts'
import { runDrill, runSend, runSessions } from './agent-send.ts'
import { usageFailure } from './outcome.ts'

/** The folder where agents are kept when `--data-dir` does not say otherwise is the caller's affair, so it is required. */
const withFolder = (command: Command): Command =>
  command
    .requiredOption('--data-dir <folder>', "the agent's own folder, one for each agent")
    .option('--json', 'print JSON, one object a line', false)

/** Adds `groundlock agent enrol|run|send|sessions|drill`. */
export function registerAgentCommands(program: Command): void {
  const agent = program.command('agent').description('an agent of the fleet, without a window')

  withFolder(agent.command('enrol'))
    .description('make a key, ask the console for a certificate and wait until it is decided')
    .requiredOption('--name <agent>', 'the name of the agent, e.g. chaser-001', agentName)
    .requiredOption('--gateway <url>', 'e.g. https://127.0.0.1:7443', gatewayUrl)
    .option(
      '--fingerprint <sha256>',
      "SHA-256 of the fleet's root certificate, as the console shows it",
      fingerprint,
    )
    .option('--trust-anchor <file>', "the fleet's root certificate in PEM, instead of the fingerprint")
    .addOption(
      new Option('--profile <profile>', 'what the agent is')
        .choices(AgentProfile.options)
        .default('spacecraft'),
    )
    .addOption(
      new Option('--key <algorithm>', 'its key').choices(['ECDSA-P384', 'RSA-4096']).default('ECDSA-P384'),
    )
    .option('--timeout <seconds>', 'how long to wait for the decision', seconds, 3600)
    .action(async (options: Parameters<typeof runEnrol>[0]) => {
      process.exitCode = await runEnrol(options, systemClock, process.stdout)
    })

  withFolder(agent.command('run'))
    .description('connect, keep sessions and keys, answer docking requests, until SIGINT or SIGTERM')
    .option(
      '--docking-port <name>',
      'approve safe docking requests for this port; otherwise they are refused',
    )
    .option('--rotation-interval <seconds>', 'how often to rotate the keys of its sessions', seconds, 300)
    .option('--max-message-age <seconds>', 'refuse messages sealed longer ago', seconds, 60)
    .option('--replay-window <numbers>', 'size of the replay window, 64 to 8192', replayWindow, 1024)
    .option('--peer <agent...>', 'keep a session with this agent', [])
    .action(async (options: Parameters<typeof runAgent>[0]) => {
      process.exitCode = await runAgent(options, systemClock, process)
    })

  withFolder(agent.command('send'))
    .description('send a message, by the running agent of this folder or else by connecting for it')
    .requiredOption('--to <agent>', 'the recipient', agentName)
    .requiredOption('--type <type>', 'type of the message, e.g. docking_request')
    .option('--body <json>', 'the other fields as a JSON object', jsonObject, {})
    .option('--priority <1-5>', '1 low to 5 critical', priority, 1)
    .option('--reply <type>', 'wait for the next message of this type from the recipient')
    .option('--timeout <seconds>', 'how long to wait for the reply', seconds, 15)
    .action(async (options: Parameters<typeof runSend>[0]) => {
      process.exitCode = await runSend(options, systemClock, process)
    })

  withFolder(agent.command('sessions'))
    .description('list the sessions of the running agent of this folder')
    .action(async (options: Parameters<typeof runSessions>[0]) => {
      process.exitCode = await runSessions(options, process.stdout)
    })

  withFolder(agent.command('drill'))
    .description('attack the own traffic of the running agent, to see that it is refused (training)')
    .argument('<kind>', 'replay, alter or stale', drillKind)
    .requiredOption('--to <agent>', 'whose refusal is wanted', agentName)
    .option('--age <seconds>', 'how long ago a stale message was sealed', seconds, 3600)
    .action(async (kind: DrillKind, options: Parameters<typeof runDrill>[1]) => {
      process.exitCode = await runDrill(kind, options, process.stdout)
    })
}

const parsed =
  <Value>(schema: z.ZodType<Value>, problem: string) =>
  (text: string): Value => {
    const result = schema.safeParse(text)
    if (!result.success) throw new InvalidArgumentError(problem)
    return result.data
  }

const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum))

const agentName = parsed(
  z.string().regex(agentIdPattern),
  'A name is 2 to 63 characters a-z, 0-9 and inner hyphens, starting with a letter.',
)
const fingerprint = parsed(
  z
    .string()
    .transform((text) => text.replaceAll(/[:\s]/g, '').toLowerCase())
    .pipe(z.string().regex(/^[0-9a-f]{64}$/)),
  'A fingerprint is 64 hexadecimal digits.',
)
const gatewayUrl = parsed(
  z.url({ protocol: /^https$/ }),
  'The gateway is an https URL, e.g. https://127.0.0.1:7443.',
)
const seconds = parsed(wholeNumber(1, 31_536_000), 'Give a number of seconds.')
const replayWindow = parsed(wholeNumber(64, 8192), 'Give a number from 64 to 8192.')
const priority = parsed(wholeNumber(1, 5), 'A priority is 1 to 5.')
const drillKind = parsed(z.enum(['replay', 'alter', 'stale']), 'Give replay, alter or stale.')

function jsonObject(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch {
    throw usageFailure('--body needs a JSON object, e.g. {"position":[10,5,0]}.')
  }
}
