import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InputOf, OperationName, OutputOf } from '../../shared/contract/operations.ts'
import type { Reply } from '../../shared/errors.ts'
import { connectLocalSocket } from '../../electron/cli/local-socket.ts'
import { groundlock, GroundlockProcess, type Line } from './processes.ts'

/** A port of this machine that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A console and agents as real processes, in a folder of their own that is removed at the end. */
export class DemoFleet {
  readonly folder = mkdtempSync(join(tmpdir(), 'groundlock-'))
  readonly pin = '271828'
  readonly soPin = '31415926'
  readonly agents = new Map<string, GroundlockProcess>()
  readonly #configuration: Record<string, unknown> = { key_rotation_interval: 300, max_message_age: 60 }
  console: GroundlockProcess | null = null

  get consoleFolder(): string {
    return join(this.folder, 'console')
  }

  agentFolder(name: string): string {
    return join(this.folder, name)
  }

  /** Makes the console's folder. `changes` are keys of its configuration; answers the gateway's port. */
  async prepare(changes: Readonly<Record<string, unknown>> = {}): Promise<number> {
    const gatewayPort = await freePort()
    mkdirSync(this.consoleFolder, { mode: 0o700 })
    this.configure({ gateway_port: gatewayPort, ...changes })
    return gatewayPort
  }

  /** Changes keys of the configuration with which the console starts next. */
  configure(changes: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#configuration, changes)
    writeFileSync(join(this.consoleFolder, 'config.json'), JSON.stringify(this.#configuration))
  }

  /** Starts the console with the PIN on its standard input. */
  async startConsole(create: boolean): Promise<void> {
    const setUp = create ? ['--create-token', 'Demo token', '--operator', 'Ada Ferrari'] : []
    const input = create ? `${this.pin}\n${this.soPin}\n` : `${this.pin}\n`
    this.console = new GroundlockProcess(
      'console',
      ['console', '--data-dir', this.consoleFolder, '--pin-stdin', ...setUp],
      input,
    )
    await this.console.line(
      'signed-in console',
      ({ event, payload }) =>
        event === 'console.status' && (payload as { phase: string }).phase === 'signed_in',
    )
  }

  /** One operation of the contract, over the console's control socket. */
  async ask<Name extends OperationName>(name: Name, input: InputOf<Name>): Promise<Reply<OutputOf<Name>>> {
    const client = await connectLocalSocket(this.consoleFolder, 'control')
    try {
      return (await client.call(name, input)) as Reply<OutputOf<Name>>
    } finally {
      client.close()
    }
  }

  /** Like `ask`, for what must not be refused. */
  async call<Name extends OperationName>(name: Name, input: InputOf<Name>): Promise<OutputOf<Name>> {
    const reply = await this.ask(name, input)
    if (!reply.ok) throw new Error(`${name}: ${reply.code}: ${reply.message}`)
    return reply.value
  }

  /** Starts an agent's process. */
  runAgent(name: string, ...options: string[]): GroundlockProcess {
    const agent = new GroundlockProcess(name, [
      'agent',
      'run',
      '--data-dir',
      this.agentFolder(name),
      ...options,
    ])
    this.agents.set(name, agent)
    return agent
  }

  agent(name: string): GroundlockProcess {
    const agent = this.agents.get(name)
    if (agent === undefined) throw new Error(`${name} is not running`)
    return agent
  }

  /** Has an agent send a message; the lines that the command printed. */
  async send(
    from: string,
    to: string,
    type: string,
    body: object,
    ...options: string[]
  ): Promise<{ code: number | null; answer: Line; errors: string }> {
    const { code, lines, errors } = await groundlock([
      'agent',
      'send',
      '--data-dir',
      this.agentFolder(from),
      '--to',
      to,
      '--type',
      type,
      '--body',
      JSON.stringify(body),
      ...options,
    ])
    return { code, answer: lines[0] ?? {}, errors }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent.stop()))
    await this.console?.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
