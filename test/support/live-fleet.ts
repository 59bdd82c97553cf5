import { expect, onTestFinished } from 'vitest'
import type { AuditRecord } from '#shared/model/audit.ts'
import { DemoFleet } from '../../scripts/demo/fleet.ts'
import { groundlock, GroundlockProcess, type Line } from '../../scripts/demo/processes.ts'
import { eventually } from './eventually.ts'

/** A console and agents as the processes that users run; all of them are gone when the test ends. */
export class LiveFleet extends DemoFleet {
  readonly #consoleFolder: string | null

  private constructor(consoleFolder: string | null) {
    super()
    this.#consoleFolder = consoleFolder
  }

  override get consoleFolder(): string {
    return this.#consoleFolder ?? super.consoleFolder
  }

  /** A console that is signed in; its gateway listens when there is an authority. `folder` is where else it lives. */
  static async start(
    configuration: Readonly<Record<string, unknown>> = {},
    folder: string | null = null,
  ): Promise<LiveFleet> {
    const fleet = new LiveFleet(folder)
    onTestFinished(() => fleet.stop())
    await fleet.prepare(configuration)
    await fleet.startConsole(true)
    return fleet
  }

  /** A console with an authority, and agents that are enrolled but do not run. */
  static async withAgents(
    agents: readonly string[],
    configuration: Readonly<Record<string, unknown>> = {},
  ): Promise<LiveFleet> {
    const fleet = await LiveFleet.start(configuration)
    await fleet.createAuthority()
    await Promise.all(agents.map((name) => fleet.enrol(name)))
    return fleet
  }

  async createAuthority(): Promise<void> {
    await this.call('authority.create', {
      algorithm: 'ECDSA-P384',
      commonName: 'Test Fleet Root',
      organization: 'Test Fleet',
      validYears: 10,
    })
  }

  /** Starts the enrolment of an agent; it ends when the request is decided. */
  async beginEnrolment(name: string): Promise<GroundlockProcess> {
    const authority = await this.call('authority.read', {})
    const { gateway } = await this.call('console.status', {})
    return new GroundlockProcess(`enrol ${name}`, [
      'agent',
      'enrol',
      '--name',
      name,
      '--gateway',
      `https://127.0.0.1:${gateway.port}`,
      '--fingerprint',
      authority?.certificate.fingerprint ?? '',
      '--data-dir',
      this.agentFolder(name),
    ])
  }

  async enrol(name: string): Promise<void> {
    const enrolment = await this.beginEnrolment(name)
    const { requestId } = await enrolment.line('request', ({ event }) => event === 'requested')
    await this.call('enrolment.approve', { id: String(requestId) })
    expect(await enrolment.exited, enrolment.errors).toBe(0)
  }

  /** Starts an agent and waits for its sessions with the console and `peers`. */
  async joined(name: string, ...peers: string[]): Promise<GroundlockProcess> {
    const agent = this.runAgent(name, ...peers.flatMap((peer) => ['--peer', peer]))
    await Promise.all(['ground-station', ...peers].map((peer) => sessionWith(agent, peer)))
    return agent
  }

  /** Sends a message that has to arrive. */
  async deliver(from: string, to: string, number: number): Promise<void> {
    const { code, answer, errors } = await this.send(from, to, 'telemetry', { number })
    expect({ code, delivered: answer['delivered'] }, errors).toEqual({ code: 0, delivered: true })
  }

  /** The first audit record that `matches`, once it is there. */
  audited(matches: (record: AuditRecord) => boolean): Promise<AuditRecord> {
    return eventually(async () => {
      const { records } = await this.call('audit.list', { limit: 500, filter: {} })
      const found = records.find(matches)
      expect(found).toBeDefined()
      return found!
    })
  }

  /** What `groundlock audit verify` says of the console's log, while the console does not run. */
  async verifyAudit(): Promise<Line> {
    const { lines } = await groundlock(['audit', 'verify', '--data-dir', this.consoleFolder])
    return lines[0] ?? {}
  }
}

/** The next line after `from` in which the agent tells of a session with `peer`. */
export const sessionWith = (agent: GroundlockProcess, peer: string, from = 0): Promise<Line> =>
  agent.line(`session with ${peer}`, (line) => line['event'] === 'session' && line['peer'] === peer, {
    from,
    seconds: 45,
  })

/** The next line after `from` in which the agent tells why the gateway refused it. */
export async function refusedLink(agent: GroundlockProcess, from = 0): Promise<string> {
  const line = await agent.line(
    'refused link',
    ({ event, state }) => event === 'link' && state === 'refused',
    {
      from,
      seconds: 45,
    },
  )
  return String(line['reason'])
}
