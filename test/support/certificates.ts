import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
} from '#core/ca/x509.ts'
import { webCrypto } from '#core/crypto/webcrypto.ts'

const p384 = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-384',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
}

type KeyPair = Awaited<ReturnType<typeof makeKeys>>

const authorityUsage: KeyUsageFlags = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign

const day = 24 * 60 * 60 * 1000

/** The instant around which test certificates are valid; the start of FakeClock. */
export const testTime = Date.parse('2026-11-21T00:00:00.000Z')

/** A key pair in memory, exportable, for whatever a test wants to do with it. */
export async function makeKeys(kind: 'P-384' | 'P-256' | 'RSA-2048' = 'P-384') {
  const algorithm = kind === 'RSA-2048' ? rsa : kind === 'P-256' ? { ...p384, namedCurve: 'P-256' } : p384
  const keys = await webCrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return {
    ...keys,
    signing: kind === 'RSA-2048' ? { name: rsa.name, hash: 'SHA-384' } : { name: 'ECDSA', hash: 'SHA-384' },
    spki: Buffer.from(await webCrypto.subtle.exportKey('spki', keys.publicKey)),
    pkcs8: async (): Promise<Buffer> =>
      Buffer.from(await webCrypto.subtle.exportKey('pkcs8', keys.privateKey)),
  }
}

export interface TestAuthority {
  readonly keys: KeyPair
  readonly name: JsonName
  /** DER. */
  readonly certificate: Buffer
}

export interface AuthorityOptions {
  readonly keys?: KeyPair
  readonly commonName?: string
  readonly ca?: boolean
  readonly keyUsage?: KeyUsageFlags
  readonly notBefore?: number
  readonly notAfter?: number
}

/** A root, sound unless the options make it otherwise. */
export async function makeAuthority(options: AuthorityOptions = {}): Promise<TestAuthority> {
  const keys = options.keys ?? (await makeKeys())
  const name: JsonName = [{ CN: [options.commonName ?? 'Test Root'] }, { O: ['Test Fleet'] }]
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '7000000000000000000000000000000a',
    subject: name,
    issuer: name,
    notBefore: new Date(options.notBefore ?? testTime - day),
    notAfter: new Date(options.notAfter ?? testTime + 3650 * day),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: keys.signing,
    extensions: [
      new BasicConstraintsExtension(options.ca ?? true, options.ca === false ? undefined : 0, true),
      new KeyUsagesExtension(options.keyUsage ?? authorityUsage, true),
      await SubjectKeyIdentifierExtension.create(new PublicKey(new Uint8Array(keys.spki))),
    ],
  })
  return { keys, name, certificate: Buffer.from(certificate.rawData) }
}

export interface LeafOptions {
  readonly agentId?: string
  readonly profile?: string
  readonly commonName?: string
  /** In the place of the one URI of the identity. */
  readonly uris?: readonly string[]
  readonly hosts?: readonly { type: 'dns' | 'ip'; value: string }[]
  readonly keys?: KeyPair
  readonly serial?: string
  readonly notBefore?: number
  readonly notAfter?: number
  readonly purposes?: ExtendedKeyUsage[]
  readonly keyUsage?: KeyUsageFlags
  readonly ca?: boolean
  readonly authorityKeyId?: boolean
  readonly extra?: readonly Extension[]
}

export interface TestCertificate {
  readonly keys: KeyPair
  /** DER. */
  readonly certificate: Buffer
}

/** An agent's certificate, sound unless the options make it otherwise. */
export async function makeCertificate(
  issuer: TestAuthority,
  options: LeafOptions = {},
): Promise<TestCertificate> {
  const keys = options.keys ?? (await makeKeys())
  const agentId = options.agentId ?? 'chaser-001'
  const uris = options.uris ?? [`urn:groundlock:${options.profile ?? 'spacecraft'}:${agentId}`]
  const certificate = await X509CertificateGenerator.create({
    serialNumber: options.serial ?? '4000000000000000000000000000000b',
    subject: [{ CN: [options.commonName ?? agentId] }, { O: ['Test Fleet'] }],
    issuer: issuer.name,
    notBefore: new Date(options.notBefore ?? testTime - day),
    notAfter: new Date(options.notAfter ?? testTime + 365 * day),
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: issuer.keys.signing,
    extensions: [
      new BasicConstraintsExtension(options.ca ?? false, undefined, true),
      new KeyUsagesExtension(options.keyUsage ?? KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(
        options.purposes ?? [ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth],
      ),
      new SubjectAlternativeNameExtension([
        ...uris.map((value) => ({ type: 'url' as const, value })),
        ...(options.hosts ?? []),
      ]),
      await SubjectKeyIdentifierExtension.create(new PublicKey(new Uint8Array(keys.spki))),
      ...((options.authorityKeyId ?? true)
        ? [await AuthorityKeyIdentifierExtension.create(new PublicKey(new Uint8Array(issuer.keys.spki)))]
        : []),
      ...(options.extra ?? []),
    ],
  })
  return { keys, certificate: Buffer.from(certificate.rawData) }
}

/** A CRL, DER. `number: null` leaves the CRL number out. */
export async function makeCrl(
  issuer: TestAuthority,
  options: {
    readonly serials?: readonly string[]
    readonly number?: number | null
    readonly thisUpdate?: number
    readonly nextUpdate?: number
    readonly extra?: readonly Extension[]
  } = {},
): Promise<Buffer> {
  const number = options.number === undefined ? 1 : options.number
  const crl = await X509CrlGenerator.create({
    issuer: issuer.name,
    thisUpdate: new Date(options.thisUpdate ?? testTime - day),
    nextUpdate: new Date(options.nextUpdate ?? testTime + 6 * day),
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: issuer.keys.signing,
    entries: (options.serials ?? []).map((serialNumber) => ({
      serialNumber,
      revocationDate: new Date(testTime - day),
      reason: X509CrlReason.keyCompromise,
    })),
    extensions: [
      ...(number === null ? [] : [new Extension('2.5.29.20', false, new Uint8Array([2, 1, number]))]),
      ...(options.extra ?? []),
    ],
  })
  return Buffer.from(crl.rawData)
}

/** A copy with one byte changed, counted from the end: the last bytes are the signature. */
export function withByteChanged(bytes: Uint8Array, fromEnd = 3): Buffer {
  const copy = Buffer.from(bytes)
  const index = copy.length - fromEnd
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}
