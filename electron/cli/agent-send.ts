import type { Writable } from 'node:stream'
import { z } from 'zod'
import type { SessionView } from '#shared/model/session.ts'
import type { DrillKind } from '#core/agent/drill.ts'
import type { AgentNode } from '#core/agent/agent-node.ts'
import type { Clock } from '#core/clock.ts'
import { openDataFolder } from '#core/data-folder.ts'
import { SecurityException } from '#core/errors.ts'
import { silentLog } from '#core/log.ts'
import { agentSocket, openAgent } from './agent-run.ts'
import { connectLocalSocket } from './local-socket.ts'
import { CommandFailure, ExitCode } from './outcome.ts'
import { writeJsonLine, writeLine, type Writer } from './output.ts'

export interface SendOptions {
  readonly dataDir: string
  readonly json: boolean
  readonly to: string
  readonly type: string
  readonly body: Record<string, unknown>
  readonly priority: number
  readonly reply?: string
  /** Seconds. */
  readonly timeout: number
}

interface Sent {
  readonly delivered: boolean
  readonly reply: { readonly type: string } | null
}
const Sent = z.object({ delivered: z.boolean(), reply: z.looseObject({ type: z.string() }).nullable() })

/** How long an agent that is started for one message may take to connect, in milliseconds. */
const connectMilliseconds = 15_000

/** Sends one message and prints whether it was delivered, and the reply. */
export async function runSend(
  options: SendOptions,
  clock: Clock,
  { stdout }: { stdout: Writable },
): Promise<ExitCode> {
  const input = {
    to: options.to,
    type: options.type,
    body: options.body,
    priority: options.priority,
    reply: options.reply ?? null,
    timeout: options.timeout,
  }
  const asked = await askRunning(options.dataDir, 'send', input)
  const sent = asked === null ? await sendAlone(options, clock) : Sent.parse(asked.value)
  if (options.json) writeJsonLine(stdout, sent)
  else writeLine(stdout, describe(sent, options))
  return sent.delivered && (options.reply === undefined || sent.reply !== null)
    ? ExitCode.ok
    : ExitCode.refused
}

/** Lists the sessions of the running agent. */
export async function runSessions(
  options: { dataDir: string; json: boolean },
  stdout: Writer,
): Promise<ExitCode> {
  const sessions = (await askAgent(options.dataDir, 'sessions', {})) as SessionView[]
  for (const view of sessions) {
    if (options.json) writeJsonLine(stdout, view)
    else
      writeLine(
        stdout,
        `${view.initiator} -> ${view.responder}  ${view.level}  key version ${view.keyVersion}  ${view.sessionId}`,
      )
  }
  return ExitCode.ok
}

/** Has the running agent attack its own traffic. */
export async function runDrill(
  kind: DrillKind,
  options: { dataDir: string; json: boolean; to: string; age: number },
  stdout: Writer,
): Promise<ExitCode> {
  const value = await askAgent(options.dataDir, 'drill', { kind, to: options.to, age: options.age })
  if (options.json) writeJsonLine(stdout, value)
  else
    writeLine(
      stdout,
      `drill: ${kind} sent to ${options.to}; its refusal is in its own output and on the console`,
    )
  return ExitCode.ok
}

async function askAgent(folder: string, name: string, input: unknown): Promise<unknown> {
  const asked = await askRunning(folder, name, input)
  if (asked === null)
    throw new CommandFailure(
      ExitCode.couldNotRun,
      'not_found',
      'No agent runs on this folder. Start it with groundlock agent run.',
    )
  return asked.value
}

/** Asks the running agent; null when none runs on this folder. */
async function askRunning(folder: string, name: string, input: unknown): Promise<{ value: unknown } | null> {
  const client = await connectLocalSocket(folder, agentSocket).catch((error: unknown) => {
    if (error instanceof SecurityException && error.code === 'not_found') return null
    throw error
  })
  if (client === null) return null
  try {
    const reply = await client.call(name, input)
    if (!reply.ok) throw new CommandFailure(ExitCode.refused, reply.code, reply.message)
    return { value: reply.value }
  } finally {
    client.close()
  }
}

/** Connects for one message. */
async function sendAlone(options: SendOptions, clock: Clock): Promise<Sent> {
  const folder = openDataFolder(options.dataDir, 'agent')
  try {
    const node = openAgent(
      { dataDir: options.dataDir, rotationInterval: 300, maxMessageAge: 60, replayWindow: 1024, peer: [] },
      clock,
      silentLog,
    )
    try {
      await connected(node, clock)
      return await node.send(
        options.to,
        { ...options.body, type: options.type },
        options.priority,
        options.reply ?? null,
        options.timeout,
      )
    } finally {
      await node.stop()
    }
  } finally {
    folder.release()
  }
}

function connected(node: AgentNode, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(connectMilliseconds, () =>
      reject(new CommandFailure(ExitCode.refused, 'agent_unreachable', 'The gateway cannot be reached.')),
    )
    node.on('link', ({ state, reason }) => {
      if (state === 'connected') {
        cancel()
        resolve()
      } else if (state === 'refused') {
        cancel()
        reject(
          new CommandFailure(
            ExitCode.refused,
            'not_allowed',
            reason ?? 'The gateway refused the connection.',
          ),
        )
      }
    })
  })
}

function describe(sent: Sent, options: SendOptions): string {
  if (!sent.delivered) return `${options.to} has not accepted the message`
  if (options.reply === undefined) return `${options.to} has accepted the message`
  return sent.reply === null
    ? `${options.to} has accepted the message and not replied with ${options.reply}`
    : JSON.stringify(sent.reply)
}
