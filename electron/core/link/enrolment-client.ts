import { z } from 'zod'
import { errorCodes } from '#shared/errors.ts'
import { EnrolmentState } from '#shared/model/fleet.ts'
import { Fingerprint, OpaqueId } from '#shared/model/primitives.ts'
import { validateCertificate } from '../ca/validation.ts'
import type { Clock } from '../clock.ts'
import { equalInConstantTime, sha256 } from '../crypto/digest.ts'
import { decodePem, pemText } from '../crypto/pem.ts'
import { platformRandom, type RandomSource } from '../crypto/random.ts'
import { CertificateError, SecurityException } from '../errors.ts'
import { Backoff } from './backoff.ts'
import { askGateway, type GatewayAnswer } from './gateway-request.ts'
import { fleetContext, gatewayAddress } from './gateway-trust.ts'

export interface EnrolOptions {
  /** `https://host:port` */
  readonly gateway: string
  /** PKCS#10, PEM. */
  readonly csr: string
  /** The public key in the CSR, SPKI DER: the certificate must be for it. */
  readonly publicKey: Uint8Array
  readonly agentId: string
  /** What is known of the fleet's root: its certificate (PEM), or its SHA-256 fingerprint in hexadecimal, with or without colons. */
  readonly trust: { readonly trustAnchor: string } | { readonly fingerprint: string }
  readonly clock: Clock
  readonly random?: RandomSource
  readonly signal?: AbortSignal
  /** The request is handed in; the operator compares this fingerprint of its public key. */
  readonly onPending?: (receipt: { readonly requestId: string; readonly fingerprint: string }) => void
}

export interface Enrolled {
  /** PEM. */
  readonly certificate: string
  readonly chain: readonly string[]
  readonly trustAnchor: string
}

const Receipt = z.object({ requestId: OpaqueId, fingerprint: Fingerprint })
const Decision = z.object({
  state: EnrolmentState,
  reason: z.string().nullable(),
  certificate: z.string().nullable(),
  chain: z.array(z.string()).max(8),
})
const Problem = z.object({ code: z.enum(errorCodes), message: z.string() })

const waitSeconds = 20
const maxAnswerBytes = 256 * 1024

/**
 * Brings a certificate request to the gateway and waits, for as long as the operator takes, for the decision. A gateway
 * that goes away meanwhile is asked again; the request is kept there.
 * @returns the certificate, checked: of the fleet's root, for this key and this agent
 * @throws SecurityException what the gateway refused the request for; `not_allowed` with the operator's reason;
 * `certificate_untrusted` if the root or the certificate is not the fleet's; `agent_unreachable` if nobody answers;
 * the signal's reason if it was aborted
 */
export async function enrol(options: EnrolOptions): Promise<Enrolled> {
  const { clock, signal, csr } = options
  const gateway = gatewayAddress(options.gateway)
  const common = { gateway, clock, signal, maxBytes: maxAnswerBytes }
  const trustAnchor =
    'trustAnchor' in options.trust
      ? options.trust.trustAnchor
      : await fetchRoot(common, options.trust.fingerprint)
  const context = fleetContext({ trustAnchor })

  const submitted = await askGateway({
    ...common,
    context,
    method: 'POST',
    path: '/enrol',
    body: { csr },
    timeoutMilliseconds: 15_000,
  })
  const receipt = read(submitted, Receipt)
  options.onPending?.(receipt)

  const backoff = new Backoff({ first: 500, longest: 15_000, random: options.random ?? platformRandom })
  const path = `/enrol/${receipt.requestId}?wait=${waitSeconds}`
  for (;;) {
    signal?.throwIfAborted()
    try {
      const answer = await askGateway({
        ...common,
        context,
        method: 'GET',
        path,
        timeoutMilliseconds: (waitSeconds + 15) * 1000,
      })
      const decision = read(answer, Decision)
      backoff.reset()
      if (decision.state !== 'pending') return conclude(decision, trustAnchor, options)
    } catch (error) {
      if (!(error instanceof SecurityException) || !passing.has(error.code)) throw error
      await pause(clock, backoff.next(), signal)
    }
  }
}

/** Failures that a later attempt may not have. */
const passing = new Set([
  'agent_unreachable',
  'rate_limited',
  'internal',
  'storage_full',
  'authority_missing',
  'not_signed_in',
])

type Common = Pick<Parameters<typeof askGateway>[0], 'gateway' | 'clock' | 'signal' | 'maxBytes'>

/** The root certificate as the gateway hands it out, believed only for its fingerprint. */
async function fetchRoot(common: Common, fingerprint: string): Promise<string> {
  const expected = fingerprint.replaceAll(':', '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(expected)) {
    throw new SecurityException(
      'invalid_input',
      'The root’s fingerprint is 64 hexadecimal digits (SHA-256), as the console shows it.',
    )
  }
  const answer = await askGateway({
    ...common,
    context: null,
    method: 'GET',
    path: '/ca.pem',
    timeoutMilliseconds: 15_000,
  })
  if (answer.status !== 200) throw refusal(answer)
  const der = certificateFromPem(answer.body.toString())
  if (!equalInConstantTime(sha256(der), Buffer.from(expected, 'hex'))) {
    const message =
      'The root certificate that the gateway gives has another fingerprint. Compare it with the console; somebody may stand between.'
    throw new CertificateError('certificate_untrusted', message)
  }
  return pemText('CERTIFICATE', der)
}

function conclude(decision: z.infer<typeof Decision>, trustAnchor: string, options: EnrolOptions): Enrolled {
  const { certificate, chain, state, reason } = decision
  if (state === 'refused')
    throw new CertificateError('not_allowed', `The request was refused: ${reason ?? 'no reason was given'}`)
  if (certificate === null) throw unreadable()
  const validation = validateCertificate({
    certificate: certificateFromPem(certificate),
    trustAnchors: [certificateFromPem(trustAnchor)],
    crl: null,
    at: options.clock.now(),
    usage: 'client',
    agentId: options.agentId,
  })
  if (validation.failure !== null) {
    const why = validation.validationErrors[0] ?? ''
    throw new CertificateError(validation.failure, `The certificate that came back is refused. ${why}`)
  }
  if (!validation.publicKeySpki?.equals(options.publicKey)) {
    throw new CertificateError(
      'certificate_identity_mismatch',
      'The certificate that came back is for another key.',
    )
  }
  return { certificate, chain, trustAnchor }
}

/** @throws CertificateError `certificate_invalid` if the text is not exactly one certificate */
function certificateFromPem(text: string): Buffer {
  const der = decodePem('CERTIFICATE', text)
  if (der === null)
    throw new CertificateError('certificate_invalid', 'Exactly one certificate in PEM form is expected.')
  return der
}

/** @throws SecurityException the gateway's own refusal, or `invalid_input` for an answer that is none */
function read<Value>(answer: GatewayAnswer, schema: z.ZodType<Value>): Value {
  if (answer.status >= 400) throw refusal(answer)
  const parsed = schema.safeParse(parseJson(answer.body))
  if (!parsed.success) throw unreadable(parsed.error)
  return parsed.data
}

function refusal(answer: GatewayAnswer): SecurityException {
  const problem = Problem.safeParse(parseJson(answer.body))
  if (problem.success) return new SecurityException(problem.data.code, problem.data.message)
  return unreadable()
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

const unreadable = (cause?: unknown): SecurityException =>
  new SecurityException(
    'invalid_input',
    'What answers there does not speak as a gateway does. Check the address.',
    { cause },
  )

function pause(clock: Clock, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      cancel()
      reject(signal?.reason as Error)
    }
    const cancel = clock.after(milliseconds, () => {
      signal?.removeEventListener('abort', aborted)
      resolve()
    })
    signal?.addEventListener('abort', aborted, { once: true })
  })
}
