import type { AgentProfile } from '#shared/model/primitives.ts'
import { fingerprint } from '../crypto/digest.ts'
import type { IdentityKeyPair } from '../crypto/identity-keys.ts'
import { decodePem, pemText } from '../crypto/pem.ts'
import { webCrypto } from '../crypto/webcrypto.ts'
import { describePublicKey, readSignedDer } from '../crypto/x509-signature.ts'
import { CertificateError } from '../errors.ts'
import { agreedIdentity, identityUrn } from './identity.ts'
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from './x509.ts'

export { generateIdentity, type IdentityKeyPair, readIdentity } from '../crypto/identity-keys.ts'

/** Largest request that is read, in bytes, PEM or DER. */
export const maxCsrBytes = 16 * 1024

/** What the authority needs of a certification request. Everything else in one is ignored. */
export interface CertificateRequest {
  readonly agentId: string
  readonly profile: AgentProfile
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer
  /** SHA-256 of `publicKey`, what the agent prints and the operator compares. */
  readonly fingerprint: string
  readonly keyAlgorithm: 'ECDSA-P384' | 'RSA-4096'
  readonly der: Buffer
}

/**
 * Reads a PKCS#10 request (RFC 2986), PEM text or DER, and checks proof of possession and the form of the name. It
 * does not decide whether the name is free.
 * @throws CertificateError `csr_malformed`, `csr_signature_invalid`, `csr_key_unsupported`, `name_not_allowed`.
 */
export async function readCsr(input: string | Uint8Array): Promise<CertificateRequest> {
  const der = decode(input)
  const request = parse(der)
  const publicKey = Buffer.from(request.publicKey)
  const keyAlgorithm = describePublicKey(publicKey)
  if (keyAlgorithm !== 'ECDSA-P384' && keyAlgorithm !== 'RSA-4096') {
    throw new CertificateError(
      'csr_key_unsupported',
      `The request holds a key of the kind ${keyAlgorithm ?? 'unknown'}. Make an ECDSA P-384 or RSA-4096 key for the agent.`,
    )
  }
  if (!(await request.verify())) {
    throw new CertificateError(
      'csr_signature_invalid',
      'The signature of the request does not fit its key: it was altered, or its sender does not hold the key.',
    )
  }
  if (request.wantsAuthority) {
    throw new CertificateError(
      'csr_malformed',
      'The request asks to become a certificate authority; agents cannot.',
    )
  }
  const identity = agreedIdentity(request.uris, request.commonNames)
  if (identity === null || identity.profile === 'gateway' || request.otherNames > 0) {
    throw new CertificateError(
      'name_not_allowed',
      'The request must name one agent, alike as common name and as URI urn:groundlock:<profile>:<agent>: 2 to 63 ' +
        'characters a-z, 0-9 and inner hyphens, profile spacecraft, ground-station or observer, and no other names.',
    )
  }
  return {
    agentId: identity.agentId,
    profile: identity.profile,
    publicKey,
    fingerprint: fingerprint(publicKey),
    keyAlgorithm,
    der,
  }
}

/** A request for an agent's certificate, signed by its key, as DER and PEM with the fingerprint to compare. */
export async function createCsr(input: {
  readonly agentId: string
  readonly profile: AgentProfile
  readonly keyPair: IdentityKeyPair
}): Promise<{ readonly der: Buffer; readonly pem: string; readonly fingerprint: string }> {
  const { agentId, profile, keyPair } = input
  const algorithm =
    keyPair.algorithm === 'ECDSA-P384'
      ? { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' }
  // Copies, because WebCrypto wants buffers that cannot be shared between threads.
  const pkcs8 = new Uint8Array(keyPair.pkcs8)
  try {
    const request = await Pkcs10CertificateRequestGenerator.create({
      name: [{ CN: [agentId] }],
      keys: {
        privateKey: await webCrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
        publicKey: await webCrypto.subtle.importKey('spki', new Uint8Array(keyPair.spki), algorithm, true, [
          'verify',
        ]),
      },
      signingAlgorithm: algorithm,
      extensions: [
        new SubjectAlternativeNameExtension([{ type: 'url', value: identityUrn({ agentId, profile }) }]),
      ],
    })
    const der = Buffer.from(request.rawData)
    return { der, pem: pemText('CERTIFICATE REQUEST', der), fingerprint: fingerprint(keyPair.spki) }
  } finally {
    pkcs8.fill(0)
  }
}

const malformed = (): CertificateError =>
  new CertificateError(
    'csr_malformed',
    'This is not a PKCS#10 certification request in PEM or DER. Make a new one.',
  )

function decode(input: string | Uint8Array): Buffer {
  if (input.length > maxCsrBytes) {
    throw new CertificateError(
      'csr_malformed',
      `The request is larger than ${maxCsrBytes} bytes. Make a new one.`,
    )
  }
  if (typeof input !== 'string') return Buffer.from(input)
  const der = decodePem('CERTIFICATE REQUEST', input) ?? decodePem('NEW CERTIFICATE REQUEST', input)
  if (der === null) throw malformed()
  return der
}

interface ParsedRequest {
  readonly publicKey: ArrayBuffer
  readonly commonNames: readonly string[]
  readonly uris: readonly string[]
  /** Names in the subject alternative name that are not URIs. */
  readonly otherNames: number
  readonly wantsAuthority: boolean
  verify(): Promise<boolean>
}

function parse(der: Buffer): ParsedRequest {
  try {
    // Strict DER and the signature algorithms that are taken; the library is more lenient.
    readSignedDer(der)
    const request = new Pkcs10CertificateRequest(new Uint8Array(der))
    const extensions = request.extensions
    const names = extensions
      .filter((one) => one instanceof SubjectAlternativeNameExtension)
      .flatMap((one) => one.names.items)
    return {
      publicKey: request.publicKey.rawData,
      commonNames: request.subjectName.getField('CN'),
      uris: names.filter((name) => name.type === 'url').map((name) => name.value),
      otherNames: names.filter((name) => name.type !== 'url').length,
      wantsAuthority: extensions.some((one) => one instanceof BasicConstraintsExtension && one.ca),
      verify: () => request.verify(webCrypto).catch(() => false),
    }
  } catch (error) {
    throw new CertificateError('csr_malformed', malformed().message, { cause: error })
  }
}
