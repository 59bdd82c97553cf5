import { isIP } from 'node:net'
import type { RandomSource } from '../crypto/random.ts'
import { SecurityException } from '../errors.ts'
import { canonicalIp } from './certificate-facts.ts'
import { type CertificateIdentity, identityUrn } from './identity.ts'
import type { TokenSigner } from './token-crypto.ts'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from './x509.ts'

const dayMilliseconds = 24 * 60 * 60 * 1000

/** How long certificates and CRLs are good for, in milliseconds. */
export const lifetime = {
  agent: 365 * dayMilliseconds,
  gateway: 397 * dayMilliseconds,
  crl: 7 * dayMilliseconds,
} as const

/** How far `notBefore` lies back, so that an agent whose clock is a little behind takes its certificate at once. */
const backdating = 5 * 60 * 1000

/**
 * A serial number: 16 random bytes, positive and always 32 hexadecimal digits (RFC 5280 section 4.1.2.2 asks for at
 * most 20 octets; 126 random bits are more than enough that none repeats).
 */
export function makeSerial(random: RandomSource): string {
  const bytes = random.bytes(16)
  // The first bit must be 0, or DER would put a zero octet before it; the second is 1, or DER could drop octets.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

/** UTF8String throughout (RFC 5280 section 4.1.2.4): the library would read quotes and backslashes in plain strings. */
const makeName = (commonName: string, organization: string): Name =>
  new Name([{ CN: [{ utf8String: commonName }] }, { O: [{ utf8String: organization }] }])

export interface RootInput {
  readonly commonName: string
  readonly organization: string
  readonly validYears: number
}

/** Makes and signs a root certificate: CA with path length 0, for certificates and CRLs. @returns DER. */
export async function issueRoot(
  signer: TokenSigner,
  input: RootInput & { readonly serial: string; readonly publicKey: Uint8Array; readonly at: number },
): Promise<Buffer> {
  const publicKey = new PublicKey(new Uint8Array(input.publicKey))
  const name = makeName(input.commonName, input.organization)
  const notAfter = new Date(input.at)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + input.validYears)
  const root = await X509CertificateGenerator.create(
    {
      serialNumber: input.serial,
      subject: name,
      issuer: name,
      notBefore: new Date(input.at - backdating),
      notAfter,
      publicKey,
      signingKey: signer.signingKey,
      signingAlgorithm: signer.signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(publicKey, false, signer.crypto),
      ],
    },
    signer.crypto,
  )
  return Buffer.from(root.rawData)
}

export interface LeafInput {
  readonly identity: CertificateIdentity
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  /** Host names and IP addresses, for the gateway. */
  readonly hosts?: readonly string[]
}

/**
 * Makes and signs the certificate of an agent or of the gateway. It never outlives the root. Nothing of it comes from
 * the request but the key and the checked name.
 * @returns DER.
 */
export async function issueLeaf(
  signer: TokenSigner,
  input: LeafInput & { readonly serial: string; readonly trustAnchor: Uint8Array; readonly at: number },
): Promise<Buffer> {
  const { identity } = input
  const issuer = new X509Certificate(new Uint8Array(input.trustAnchor))
  const publicKey = new PublicKey(new Uint8Array(input.publicKey))
  const forGateway = identity.profile === 'gateway'
  const notAfter = input.at + (forGateway ? lifetime.gateway : lifetime.agent)
  const leaf = await X509CertificateGenerator.create(
    {
      serialNumber: input.serial,
      subject: makeName(identity.agentId, issuer.subjectName.getField('O')[0] ?? ''),
      issuer: issuer.subjectName,
      notBefore: new Date(Math.max(input.at - backdating, issuer.notBefore.getTime())),
      notAfter: new Date(Math.min(notAfter, issuer.notAfter.getTime())),
      publicKey,
      signingKey: signer.signingKey,
      signingAlgorithm: signer.signingAlgorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension(
          forGateway
            ? [ExtendedKeyUsage.serverAuth]
            : [ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth],
        ),
        new SubjectAlternativeNameExtension([
          { type: 'url', value: identityUrn(identity) },
          ...hostNames(input.hosts ?? []),
        ]),
        await SubjectKeyIdentifierExtension.create(publicKey, false, signer.crypto),
        await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, signer.crypto),
      ],
    },
    signer.crypto,
  )
  return Buffer.from(leaf.rawData)
}

/** A DNS name in letters, digits, hyphens and dots (RFC 1123 section 2.1). */
const dnsName =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/

/** Addresses that mean "all interfaces"; nobody can connect to them by that name. */
const wildcards = new Set(['0.0.0.0', '::'])

function hostNames(hosts: readonly string[]): { type: 'dns' | 'ip'; value: string }[] {
  const names = new Map<string, { type: 'dns' | 'ip'; value: string }>()
  for (const host of hosts) {
    const isAddress = isIP(host) !== 0
    const value = isAddress ? canonicalIp(host) : host.toLowerCase()
    if (!isAddress && !dnsName.test(value)) {
      throw new SecurityException(
        'configuration_invalid',
        `gateway_host: ${JSON.stringify(host)} is neither a host name nor an IP address.`,
      )
    }
    if (!wildcards.has(value)) names.set(value, { type: isAddress ? 'ip' : 'dns', value })
  }
  return [...names.values()]
}
