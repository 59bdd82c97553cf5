import { AgentProfile, agentIdPattern } from '#shared/model/primitives.ts'

/** What a certificate of the fleet says of its holder. The gateway has a name and a profile of its own. */
export interface CertificateIdentity {
  readonly agentId: string
  readonly profile: AgentProfile | 'gateway'
}

/** The console as an agent: it takes part in sessions under this name and profile. */
export const consoleAgentId = 'ground-station'
export const consoleProfile: AgentProfile = 'ground-station'

/** The name of the gateway, in the addresses of control frames and in its TLS certificate. */
export const gatewayAgentId = 'gateway'

/** Names that no agent can be enrolled under: they mean parts of the console. */
export const reservedNames: ReadonlySet<string> = new Set([
  gatewayAgentId,
  'console',
  'groundlock',
  consoleAgentId,
])

const profiles = new Set<string>([...AgentProfile.options, 'gateway'])

/** The URI of the subject alternative name: `urn:groundlock:<profile>:<agentId>`. */
export const identityUrn = (identity: CertificateIdentity): string =>
  `urn:groundlock:${identity.profile}:${identity.agentId}`

/** Reads such a URI; null when it is not one. */
export function parseIdentityUrn(uri: string): CertificateIdentity | null {
  const [scheme, namespace, profile, agentId, ...rest] = uri.split(':')
  if (scheme !== 'urn' || namespace !== 'groundlock' || rest.length > 0) return null
  if (profile === undefined || !profiles.has(profile)) return null
  if (agentId === undefined || !agentIdPattern.test(agentId)) return null
  return { agentId, profile: profile as CertificateIdentity['profile'] }
}

/**
 * The identity that a list of URIs and common names agree on: exactly one URI, exactly one common name, the same agent.
 * Null when they do not.
 */
export function agreedIdentity(
  uris: readonly string[],
  commonNames: readonly string[],
): CertificateIdentity | null {
  const [uri] = uris
  if (uri === undefined || uris.length !== 1 || commonNames.length !== 1) return null
  const identity = parseIdentityUrn(uri)
  return identity !== null && identity.agentId === commonNames[0] ? identity : null
}
