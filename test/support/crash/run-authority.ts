/**
 * Runs until it is killed: `node run-authority.ts VAULT DATABASE`. Creates the root CA, then enrols agents and declares
 * every second one compromised, and prints `AGENT VERDICT` once an act is acknowledged.
 */
import { writeSync } from 'node:fs'
import { AuditLog } from '#core/audit/log.ts'
import { Authority } from '#core/ca/authority.ts'
import { createCsr, generateIdentity } from '#core/ca/csr.ts'
import { EnrolmentDesk } from '#core/ca/enrolment-desk.ts'
import { Fleet } from '#core/ca/fleet.ts'
import { systemClock } from '#core/clock.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { SoftwareToken } from '#core/hsm/software-token.ts'
import { Database } from '#core/store/database.ts'
import { consoleMigrations } from '#core/store/migrations.ts'
import { pin, tokenParts } from '../software-token-parts.ts'

const [, , vault = '', file = ''] = process.argv
const token = await SoftwareToken.open(vault, tokenParts)
await token.login(pin())
const database = Database.open(file, consoleMigrations)
const audit = new AuditLog({ database, clock: systemClock })
const common = { database, audit, clock: systemClock, random: platformRandom }
const authority = new Authority(common)
const desk = new EnrolmentDesk({ ...common, authority })
const presence = { isConnected: () => false, remoteAddress: () => null, sessions: () => 0 }
const fleet = new Fleet({ ...common, authority, presence })

const root = {
  algorithm: 'ECDSA-P384',
  commonName: 'Fleet Root',
  organization: 'Fleet',
  validYears: 10,
} as const
await authority.create(root, token, 'Ada')
for (let i = 0; ; i++) {
  const agentId = `agent-${i}`
  const { pem } = await createCsr({ agentId, profile: 'observer', keyPair: await generateIdentity() })
  const { id } = await desk.submit(pem, '127.0.0.1')
  await desk.approve(id, token, 'Ada')
  writeSync(1, `${agentId} trusted\n`)
  if (i % 2 === 0) continue
  await fleet.declareCompromised(agentId, agentId, 'lost contact', token, 'Ada')
  writeSync(1, `${agentId} compromised\n`)
}
