import { isIP } from 'node:net'
import { fingerprint } from '../crypto/digest.ts'
import { type DerElement, DerTag, readDerSequence } from '../crypto/der.ts'
import { describePublicKey, readSignedDer } from '../crypto/x509-signature.ts'
import { RecentCache } from './recent-cache.ts'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from './x509.ts'

/** What a certificate says, taken apart once. Nothing in it has been checked. */
export interface CertificateFacts {
  /** SHA-256 of the DER, 64 hexadecimal digits. */
  readonly fingerprint: string
  /** Lower-case hexadecimal digits without leading zeros of DER. */
  readonly serial: string
  readonly serialPositive: boolean
  readonly version3: boolean
  readonly subject: string
  readonly issuer: string
  readonly subjectDer: Buffer
  readonly issuerDer: Buffer
  readonly commonNames: readonly string[]
  /** Milliseconds since 1970. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer
  /** `ECDSA-P384` and the like; null for a key that cannot be read. */
  readonly keyAlgorithm: string | null
  readonly signatureAlgorithm: string
  /** The algorithm inside the signed part equals the one outside (RFC 5280 section 4.1.1.2). */
  readonly algorithmsAgree: boolean
  readonly isAuthority: boolean
  /** KeyUsageFlags, or null where there is no such extension. */
  readonly keyUsage: number | null
  readonly extendedKeyUsage: readonly string[] | null
  readonly uris: readonly string[]
  readonly dnsNames: readonly string[]
  /** In canonical form. */
  readonly ipAddresses: readonly string[]
  readonly subjectKeyId: string | null
  readonly authorityKeyId: string | null
  /** Object identifiers of critical extensions that are not understood here. */
  readonly unknownCritical: readonly string[]
  readonly duplicateExtensions: boolean
  /** True if the certificate is signed by the key whose SubjectPublicKeyInfo (DER) is given. */
  isSignedBy(spki: Uint8Array): boolean
}

const cache = new RecentCache<CertificateFacts>(512)

/**
 * Takes a certificate (DER) apart; the last ones are remembered.
 * @throws Error when it is not an X.509 certificate in strict DER, or signed in a way that is not taken.
 */
export function certificateFacts(der: Uint8Array): CertificateFacts {
  return cache.remember(fingerprint(der), (print) => readFacts(new Uint8Array(der), print))
}

/** Extensions that the validator acts on (RFC 5280 section 4.2: others must not be critical). */
const understood = [
  BasicConstraintsExtension,
  KeyUsagesExtension,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
]

function readFacts(der: Uint8Array<ArrayBuffer>, print: string): CertificateFacts {
  const signed = readSignedDer(der)
  const fields = readFields(signed.fields)
  const certificate = new X509Certificate(der)
  const extensions: readonly Extension[] = [...certificate.extensions]
  const one = <T extends Extension>(kind: new (...parameters: never[]) => T): T | undefined =>
    extensions.find((extension): extension is T => extension instanceof kind)
  const names = one(SubjectAlternativeNameExtension)?.names.items ?? []
  const namesOf = (type: string): string[] =>
    names.filter((name) => name.type === type).map((name) => name.value)
  const signatures = new Map<string, boolean>()
  return {
    fingerprint: print,
    serial: Buffer.from(fields.serial)
      .toString('hex')
      .replace(/^(?:00)+(?=..)/, ''),
    serialPositive:
      ((fields.serial[0] ?? 0x80) & 0x80) === 0 &&
      fields.serial.length <= 20 &&
      fields.serial.some((byte) => byte !== 0),
    version3: fields.version3,
    subject: certificate.subject,
    issuer: certificate.issuer,
    subjectDer: Buffer.from(fields.subject.bytes),
    issuerDer: Buffer.from(fields.issuer.bytes),
    commonNames: certificate.subjectName.getField('CN'),
    notBefore: certificate.notBefore.getTime(),
    notAfter: certificate.notAfter.getTime(),
    spki: Buffer.from(fields.spki.bytes),
    keyAlgorithm: describePublicKey(fields.spki.bytes),
    signatureAlgorithm: signed.signatureAlgorithm,
    algorithmsAgree: Buffer.from(fields.algorithm.bytes).toString('hex') === signed.algorithmDer,
    isAuthority: one(BasicConstraintsExtension)?.ca ?? false,
    keyUsage: one(KeyUsagesExtension)?.usages ?? null,
    extendedKeyUsage: one(ExtendedKeyUsageExtension)?.usages.map(String) ?? null,
    uris: namesOf('url'),
    dnsNames: namesOf('dns').map((name) => name.toLowerCase()),
    ipAddresses: namesOf('ip').map(canonicalIp),
    subjectKeyId: one(SubjectKeyIdentifierExtension)?.keyId ?? null,
    authorityKeyId: one(AuthorityKeyIdentifierExtension)?.keyId ?? null,
    unknownCritical: extensions
      .filter((extension) => extension.critical && !understood.some((kind) => extension instanceof kind))
      .map((extension) => extension.type),
    duplicateExtensions: new Set(extensions.map((extension) => extension.type)).size !== extensions.length,
    isSignedBy(spki) {
      const key = fingerprint(spki)
      const known = signatures.get(key)
      if (known !== undefined) return known
      const fits = signed.verify(spki)
      // A certificate meets one trust anchor, rarely two; the bound is against a caller that tries many.
      if (signatures.size < 8) signatures.set(key, fits)
      return fits
    },
  }
}

interface Fields {
  readonly version3: boolean
  readonly serial: Uint8Array
  readonly algorithm: DerElement
  readonly issuer: DerElement
  readonly subject: DerElement
  readonly spki: DerElement
}

/** The fields of a TBSCertificate (RFC 5280 section 4.1), as they were encoded. */
function readFields(elements: readonly DerElement[]): Fields {
  const version = elements[0]?.tag === DerTag.version ? elements[0] : null
  const [serial, algorithm, issuer, , subject, spki] = version === null ? elements : elements.slice(1)
  if (
    serial?.tag !== DerTag.integer ||
    algorithm === undefined ||
    issuer === undefined ||
    subject === undefined
  ) {
    throw new RangeError('not a certificate')
  }
  if (spki === undefined) throw new RangeError('a certificate without a key')
  readDerSequence(spki.bytes)
  // [0] { INTEGER 2 } is version 3.
  const version3 = version !== null && Buffer.from(version.content).toString('hex') === '020102'
  return { version3, serial: serial.content, algorithm, issuer, subject, spki }
}

/** One spelling for each address, so that `::1` equals `0:0:0:0:0:0:0:1`. */
export function canonicalIp(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address
}
