import type { TrustCheck, TrustVerdict } from '#shared/model/fleet.ts'
import { readableTime } from '../clock.ts'
import type { AgentRow } from '../store/agents.ts'
import type { CertificateRow } from '../store/certificates.ts'
import type { Authority } from './authority.ts'
import { certificateFacts } from './certificate-facts.ts'
import { readCrl } from './crl.ts'
import { validateCertificate } from './validation.ts'

const dayMilliseconds = 24 * 60 * 60 * 1000

/** From how many days before the end of its certificate on an agent is shown with caution. */
export const expiryWarningDays = 30

export interface Trust {
  readonly verdict: TrustVerdict
  readonly checks: readonly TrustCheck[]
}

/**
 * Whether an agent is trusted, and why or why not, in the words the operator reads. `caution` is an agent that is
 * trusted now and will not be for long, or on an overdue revocation list.
 */
export function judgeTrust(
  agent: AgentRow,
  certificate: CertificateRow | undefined,
  authority: Pick<Authority, 'trustAnchor' | 'crl'>,
  at: number,
): Trust {
  if (certificate === undefined)
    return { verdict: verdictOf(agent, false, false), checks: withoutCertificate }
  const { trustAnchor, crl } = authority
  const result = validateCertificate({
    certificate: certificate.der,
    trustAnchors: [trustAnchor],
    crl,
    at,
    usage: 'client',
    agentId: agent.id,
  })
  const root = certificateFacts(trustAnchor)
  const list = readCrl(crl, trustAnchor)
  const notAfter = Date.parse(certificate.not_after)
  const daysLeft = Math.floor((notAfter - at) / dayMilliseconds)
  const endsSoon = result.notExpired && daysLeft < expiryWarningDays
  const sound: Record<TrustCheck['check'], string> = {
    chain: `Signed by the fleet’s root CA, ${root.subject}.`,
    validity: endsSoon
      ? `Valid until ${readableTime(notAfter)}, which is ${daysLeft} days from now. Enrol a successor in time.`
      : `Valid until ${readableTime(notAfter)}.`,
    revocation: result.crlFresh
      ? `Not on revocation list ${list.number.toString()} of ${readableTime(list.thisUpdate)}.`
      : `Not on revocation list ${list.number.toString()}, but the list was due for renewal at ${readableTime(list.nextUpdate)}. Sign in to issue a new one, and check the clock.`,
    identity: `Names ${agent.id}, profile ${agent.profile}, alike in URI and common name.`,
    key_usage: `${keyKind(certificate)} key, for signatures and authentication only.`,
  }
  const checks = Object.entries(result.problems).map(([name, problems]): TrustCheck => {
    const check = name as TrustCheck['check']
    return problems.length === 0
      ? { check, passed: true, explanation: sound[check] }
      : { check, passed: false, explanation: problems.join(' ') }
  })
  return { verdict: verdictOf(agent, result.isValid, endsSoon || !result.crlFresh), checks }
}

function verdictOf(agent: AgentRow, isValid: boolean, needsCare: boolean): TrustVerdict {
  if (agent.compromised_at !== null) return 'compromised'
  if (!isValid) return 'untrusted'
  return needsCare ? 'caution' : 'trusted'
}

const withoutCertificate: readonly TrustCheck[] = (
  ['chain', 'validity', 'revocation', 'identity', 'key_usage'] as const
).map((check) => ({ check, passed: false, explanation: 'The agent has no certificate.' }))

/** The kind of key; a stored certificate that cannot be read any more has been reported by the checks already. */
function keyKind(certificate: CertificateRow): string {
  try {
    return certificateFacts(certificate.der).keyAlgorithm ?? 'Unknown'
  } catch {
    return 'Unknown'
  }
}
