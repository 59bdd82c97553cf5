import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import { AgentId } from '#shared/model/primitives.ts'
import type { Reply } from '#shared/errors.ts'
import { AgentFolder } from '#core/agent/agent-folder.ts'
import { AgentNode } from '#core/agent/agent-node.ts'
import type { Clock } from '#core/clock.ts'
import { correlationId } from '#core/crypto/random.ts'
import { requireSelfTest, runSelfTest } from '#core/crypto/self-test.ts'
import { openDataFolder } from '#core/data-folder.ts'
import { SecurityException } from '#core/errors.ts'
import { createLog, errorFields, type Log } from '#core/log.ts'
import { stopInOrder } from '#core/stopping.ts'
import { serveLocalSocket } from './local-socket.ts'
import { ExitCode, required } from './outcome.ts'
import { writeJsonLine, writeLine } from './output.ts'

/** The control socket of a running agent in its folder. */
export const agentSocket = 'agent'

export interface RunOptions {
  readonly dataDir: string
  readonly json: boolean
  readonly dockingPort?: string
  /** Seconds. */
  readonly rotationInterval: number
  readonly maxMessageAge: number
  readonly replayWindow: number
  readonly peer: readonly string[]
}

interface Streams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Requests that a running agent takes on its control socket. */
export const AgentRequests = {
  send: z.strictObject({
    to: AgentId,
    type: z.string(),
    body: z.record(z.string(), z.unknown()),
    priority: z.number().int().min(1).max(5),
    reply: z.string().nullable(),
    timeout: z.number().positive(),
  }),
  sessions: z.strictObject({}),
  drill: z.strictObject({
    kind: z.enum(['replay', 'alter', 'stale']),
    to: AgentId,
    age: z.number().int().positive(),
  }),
} as const

/** Runs an agent until it is told to stop. */
export async function runAgent(
  options: RunOptions,
  clock: Clock,
  { stdout, stderr }: Streams,
): Promise<ExitCode> {
  const log = createLog(stderr, 'warn', clock)
  const dataFolder = await required(() => openDataFolder(options.dataDir, 'agent'))
  const steps: (() => Promise<void> | void)[] = [() => dataFolder.release()]
  try {
    const node = await required(() => openAgent(options, clock, log))
    steps.unshift(() => node.stop())
    report(node, options, stdout)
    const server = await required(() =>
      serveLocalSocket({
        folder: options.dataDir,
        name: agentSocket,
        handle: (_peer, name, input) => answer(node, name, input),
        log,
      }),
    )
    steps.unshift(() => server.close())
    await new Promise<void>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    })
  } catch (error) {
    await stopInOrder(steps, { clock, log })
    throw error
  }
  return (await stopInOrder(steps, { clock, log })) ? ExitCode.ok : ExitCode.refused
}

/** Reads the agent of a folder, once the engine has given its known answers. */
export function openAgent(options: Omit<RunOptions, 'json'>, clock: Clock, log: Log): AgentNode {
  requireSelfTest(runSelfTest())
  return AgentNode.open(
    AgentFolder.open(options.dataDir),
    {
      keyRotationInterval: options.rotationInterval,
      maxMessageAge: options.maxMessageAge,
      replayWindowSize: options.replayWindow,
      dockingPort: options.dockingPort ?? null,
      companions: options.peer,
    },
    { clock, onError: (error) => log.error('a part of the agent failed', errorFields(error)) },
  )
}

async function answer(node: AgentNode, name: string, input: unknown): Promise<Reply> {
  try {
    return { ok: true, value: await perform(node, name, input) }
  } catch (error) {
    if (error instanceof SecurityException)
      return { ok: false, code: error.code, message: error.message, correlationId: correlationId() }
    if (error instanceof z.ZodError)
      return {
        ok: false,
        code: 'invalid_input',
        message: z.prettifyError(error),
        correlationId: correlationId(),
      }
    throw error
  }
}

async function perform(node: AgentNode, name: string, input: unknown): Promise<unknown> {
  switch (name) {
    case 'send': {
      const { to, type, body, priority, reply, timeout } = AgentRequests.send.parse(input)
      return node.send(to, { ...body, type }, priority, reply, timeout)
    }
    case 'sessions':
      AgentRequests.sessions.parse(input)
      return node.protocol.sessions().map((session) => node.protocol.view(session))
    case 'drill': {
      const { kind, to, age } = AgentRequests.drill.parse(input)
      node.drill.run(kind, to, age)
      return { drill: kind, to }
    }
    default:
      throw new SecurityException('unknown_operation', `An agent has no request "${name.slice(0, 64)}".`)
  }
}

/** Prints what happens, one line each. Message contents are the agent's own, so they are shown. */
function report(node: AgentNode, options: RunOptions, stdout: Writable): void {
  const say = (event: string, fields: Record<string, unknown>, text: string): void => {
    if (options.json) writeJsonLine(stdout, { time: new Date().toISOString(), event, ...fields })
    else writeLine(stdout, text)
  }
  node.on('link', ({ state, reason }) =>
    say('link', { state, reason }, `${state}${reason === null ? '' : `: ${reason}`}`),
  )
  node.on('established', (session) => {
    const { sessionId, peerAgent: peer, suite } = session
    say(
      'session',
      { peer, sessionId, suite: suite.name, initiator: session.initiator },
      `session with ${peer} established (${suite.name})`,
    )
  })
  node.on('closed', ({ session, reason }) =>
    say(
      'closed',
      { peer: session.peerAgent, sessionId: session.sessionId, reason },
      `session with ${session.peerAgent} closed: ${reason}`,
    ),
  )
  node.on('message', ({ session, header, message }) =>
    say(
      'message',
      {
        from: session.peerAgent,
        priority: header.priority,
        sequence: header.sequenceNumber,
        keyVersion: header.keyVersion,
        message,
      },
      `${session.peerAgent}: ${JSON.stringify(message)}`,
    ),
  )
  node.on('traffic', ({ verdict, sender, messageType, sequence, keyVersion }) => {
    if (verdict !== null)
      say(
        'refused',
        { verdict, from: sender, messageType, sequence, keyVersion },
        `refused ${messageType} from ${sender}: ${verdict}`,
      )
  })
  node.on('rotation', (entry) =>
    say(
      'rotation',
      { ...entry },
      `keys with ${entry.peers.join(', ')}: ${entry.outcome}, version ${entry.keyVersion} (${entry.trigger})`,
    ),
  )
  node.on('handshakeFailed', ({ peer, error }) =>
    say('handshake_failed', { peer, code: error.code, message: error.message }, error.message),
  )
  node.on('distrusted', (error) =>
    say('distrusted', { code: error.code, message: error.message }, error.message),
  )
}
