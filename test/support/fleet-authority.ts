import { AuditBursts } from '#core/audit/burst.ts'
import { AuditLog } from '#core/audit/log.ts'
import { Authority } from '#core/ca/authority.ts'
import { createCsr, generateIdentity, type IdentityKeyPair } from '#core/ca/csr.ts'
import { EnrolmentDesk, type EnrolmentLimits } from '#core/ca/enrolment-desk.ts'
import { Fleet } from '#core/ca/fleet.ts'
import { platformRandom } from '#core/crypto/random.ts'
import type { Database } from '#core/store/database.ts'
import type { AuditRecord } from '#shared/model/audit.ts'
import type { AgentProfile } from '#shared/model/primitives.ts'
import { FakeClock } from './clock.ts'
import { openConsoleDatabase } from './console-database.ts'
import { MemoryToken } from './memory-token.ts'

export const actor = 'Mission Operator'

/** Everything of the authority on one database; `again` starts it anew on the same one, as after a crash. */
export class TestConsole {
  readonly database: Database
  readonly clock: FakeClock
  readonly token: MemoryToken
  readonly audit: AuditLog
  readonly authority: Authority
  readonly desk: EnrolmentDesk
  readonly fleet: Fleet
  readonly connected = new Set<string>()

  constructor(
    parts: {
      database?: Database
      clock?: FakeClock
      token?: MemoryToken
      limits?: Partial<EnrolmentLimits>
    } = {},
  ) {
    this.database = parts.database ?? openConsoleDatabase()
    this.clock = parts.clock ?? new FakeClock()
    this.token = parts.token ?? new MemoryToken()
    const { database, clock } = this
    this.audit = new AuditLog({ database, clock })
    this.authority = new Authority({ database, audit: this.audit, clock, random: platformRandom })
    this.desk = new EnrolmentDesk({
      database,
      audit: this.audit,
      refusals: new AuditBursts({ audit: this.audit, clock, windowMilliseconds: 60_000 }),
      clock,
      random: platformRandom,
      authority: this.authority,
      limits: parts.limits ?? {},
    })
    this.fleet = new Fleet({
      database,
      audit: this.audit,
      clock,
      authority: this.authority,
      presence: {
        isConnected: (agentId) => this.connected.has(agentId),
        remoteAddress: (agentId) => (this.connected.has(agentId) ? '127.0.0.1' : null),
        sessions: (agentId) => (this.connected.has(agentId) ? 1 : 0),
      },
    })
  }

  again(): TestConsole {
    return new TestConsole({ database: this.database, clock: this.clock, token: this.token })
  }

  async createAuthority(): Promise<void> {
    const input = {
      algorithm: 'ECDSA-P384',
      commonName: 'Fleet Root',
      organization: 'Test Fleet',
      validYears: 10,
    } as const
    await this.authority.create(input, this.token, actor)
  }

  async withAuthority(): Promise<this> {
    await this.createAuthority()
    return this
  }

  /** Asks for a certificate and has it approved. */
  async enrol(
    agentId: string,
    profile: AgentProfile = 'spacecraft',
  ): Promise<{ id: string; keyPair: IdentityKeyPair }> {
    const { pem, keyPair } = await requestFor(agentId, profile)
    const { id } = await this.desk.submit(pem, '127.0.0.1')
    await this.desk.approve(id, this.token, actor)
    return { id, keyPair }
  }

  /** All audit records, oldest first. */
  records(): AuditRecord[] {
    return this.audit.list({ limit: 500, filter: {} }).records.toReversed()
  }

  recordTypes(): string[] {
    return this.records().map((record) => record.type)
  }
}

export async function requestFor(
  agentId: string,
  profile: AgentProfile = 'spacecraft',
): Promise<{ pem: string; fingerprint: string; keyPair: IdentityKeyPair }> {
  const keyPair = await generateIdentity()
  const { pem, fingerprint } = await createCsr({ agentId, profile, keyPair })
  return { pem, fingerprint, keyPair }
}
