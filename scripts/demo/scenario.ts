import { createCsr, generateIdentity } from '../../electron/core/ca/csr.ts'
import { pemText } from '../../electron/core/crypto/pem.ts'
import { postToGateway } from './post.ts'
import type { Line } from './processes.ts'

/** The agents of the proximity operation. */
export const agents = [
  ['chaser-001', 'spacecraft'],
  ['target-station', 'spacecraft'],
  ['observer-001', 'observer'],
] as const

/** The fields of the chaser's `docking_request`: metres, metres a second, a unit vector, seconds since 1970. */
export const dockingRequest = {
  position: [10, 5, 0],
  velocity: [-0.1, -0.05, 0],
  approach_vector: [1, 0, 0],
  estimated_contact_time: 1_800_000_000,
}

/** What the target answers when it runs with `--docking-port port-alpha`. */
export const dockingApproval = {
  type: 'docking_response',
  approved: true,
  docking_port: 'port-alpha',
  final_approach_time: dockingRequest.estimated_contact_time,
}

/** The attacks that an agent runs on its own traffic, and the verdict with which each has to be refused. */
export const drills = [
  ['replay', 'duplicate'],
  ['alter', 'bad_tag'],
  ['stale', 'stale'],
] as const

/** The codes that refuse what `submitBadRequests` submits, in its order. */
export const badRequestCodes = ['csr_signature_invalid', 'already_enrolled', 'name_not_allowed'] as const

/**
 * Submits three certificate requests that the gateway must refuse at once: one whose signature is wrong, one for
 * chaser-001, which has to be enrolled already, and one for a reserved name. Answers what the gateway said.
 */
export async function submitBadRequests(gatewayPort: number, root: string): Promise<Line[]> {
  const keyPair = await generateIdentity()
  try {
    const make = async (agentId: string) => createCsr({ agentId, profile: 'spacecraft', keyPair })
    const forged = Buffer.from((await make('tug-007')).der)
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1)
    const requests = [
      pemText('CERTIFICATE REQUEST', forged),
      (await make('chaser-001')).pem,
      (await make('gateway')).pem,
    ]
    const answers: Line[] = []
    for (const csr of requests) answers.push(await postToGateway(gatewayPort, root, '/enrol', { csr }))
    return answers
  } finally {
    keyPair.pkcs8.fill(0)
  }
}
