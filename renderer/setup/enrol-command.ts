import type { GatewayView } from '#shared/model/console.ts'
import type { AgentProfile } from '#shared/model/primitives.ts'

export interface FirstAgent {
  readonly agentId: string
  readonly profile: AgentProfile
}

/** The three agents of the proximity operation, as examples. */
export const firstAgents: readonly FirstAgent[] = [
  { agentId: 'chaser-001', profile: 'spacecraft' },
  { agentId: 'target-station', profile: 'spacecraft' },
  { agentId: 'observer-001', profile: 'observer' },
]

/** The gateway's address as an agent on this machine types it; an IPv6 address stands in brackets. */
export function gatewayUrl(gateway: GatewayView): string {
  const host = gateway.host.includes(':') ? `[${gateway.host}]` : gateway.host
  return `https://${host}:${gateway.port}`
}

/**
 * The command that an agent's machine runs to enrol, in parts that belong on one line each. The fingerprint of the
 * root CA lets the agent check that it talks to this fleet before it trusts anything the gateway says.
 */
export function enrolCommand(agent: FirstAgent, gateway: GatewayView, rootFingerprint: string): string[] {
  return [
    'npm run -s groundlock -- agent enrol',
    `--name ${agent.agentId}`,
    `--profile ${agent.profile}`,
    `--data-dir ./${agent.agentId}`,
    `--gateway ${gatewayUrl(gateway)}`,
    `--fingerprint ${rootFingerprint}`,
  ]
}

/** The command that runs an agent once it is enrolled. */
export function runCommand(agentId: string): string {
  return `npm run -s groundlock -- agent run --data-dir ./${agentId}`
}
