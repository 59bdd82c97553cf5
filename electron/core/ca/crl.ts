import type { RevocationReason } from '#shared/model/fleet.ts'
import { type DerElement, DerTag } from '../crypto/der.ts'
import { fingerprint } from '../crypto/digest.ts'
import { readSignedDer } from '../crypto/x509-signature.ts'
import { CertificateError } from '../errors.ts'
import { certificateFacts } from './certificate-facts.ts'
import { RecentCache } from './recent-cache.ts'
import type { TokenSigner } from './token-crypto.ts'
import {
  AuthorityKeyIdentifierExtension,
  Extension,
  Name,
  X509Certificate,
  X509Crl,
  X509CrlGenerator,
  X509CrlReason,
} from './x509.ts'

/** How far apart the clocks of the authority and of an agent may be, in milliseconds. */
export const clockSkew = 5 * 60 * 1000

/** A certificate revocation list whose signature and issuer have been checked. */
export interface RevocationList {
  readonly number: bigint
  /** Milliseconds since 1970. */
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** By serial number, as `CertificateFacts.serial`. */
  readonly revoked: ReadonlyMap<string, { readonly at: number; readonly reason: string }>
  /** True while the list is neither overdue nor dated ahead of the clock by more than five minutes. */
  isFresh(at: number): boolean
}

const cache = new RecentCache<RevocationList>(16)

/**
 * Reads a CRL (DER, RFC 5280 section 5) and checks that the trust anchor (DER) issued and signed it.
 * @throws CertificateError `certificate_invalid` when it is no complete CRL with number and next update, or has
 * critical parts that are not understood; `certificate_untrusted` when the anchor did not sign it.
 */
export function readCrl(der: Uint8Array, trustAnchor: Uint8Array): RevocationList {
  return cache.remember(`${fingerprint(trustAnchor)} ${fingerprint(der)}`, () =>
    read(new Uint8Array(der), trustAnchor),
  )
}

/**
 * Whether to put `candidate` in the place of `current`: it must be genuine and its number higher, so that nobody can
 * bring an older list back.
 * @throws CertificateError as `readCrl`.
 */
export function isNewerCrl(
  candidate: Uint8Array,
  current: Uint8Array | null,
  trustAnchor: Uint8Array,
): boolean {
  const offered = readCrl(candidate, trustAnchor)
  return current === null || offered.number > readCrl(current, trustAnchor).number
}

const crlNumberOid = '2.5.29.20'
const authorityKeyIdOid = '2.5.29.35'
/** Extensions of entries that do not change what an entry means: reason and invalidity date. */
const entryOids = new Set(['2.5.29.21', '2.5.29.24'])

function read(der: Uint8Array<ArrayBuffer>, trustAnchor: Uint8Array): RevocationList {
  const anchor = certificateFacts(trustAnchor)
  const { crl, issuer, fits } = parse(der, anchor.spki)
  if (!fits || !issuer.equals(anchor.subjectDer)) {
    throw new CertificateError(
      'certificate_untrusted',
      'The revocation list is not signed by the fleet’s authority.',
    )
  }
  const keyId = crl.getExtension(AuthorityKeyIdentifierExtension)?.keyId
  if (keyId !== undefined && anchor.subjectKeyId !== null && keyId !== anchor.subjectKeyId) {
    throw new CertificateError(
      'certificate_untrusted',
      'The revocation list names another key of the authority.',
    )
  }
  const unknown = [
    ...crl.extensions.filter(
      (one) => one.critical && one.type !== crlNumberOid && one.type !== authorityKeyIdOid,
    ),
    ...crl.entries.flatMap((entry) =>
      entry.extensions.filter((one) => one.critical && !entryOids.has(one.type)),
    ),
  ]
  const number = crl.getExtension(crlNumberOid)?.value
  if (unknown.length > 0 || number === undefined || crl.nextUpdate === undefined) throw invalid()
  const thisUpdate = crl.thisUpdate.getTime()
  const nextUpdate = crl.nextUpdate.getTime()
  return {
    number: readInteger(new Uint8Array(number)),
    thisUpdate,
    nextUpdate,
    revoked: new Map(
      crl.entries.map((entry) => [
        entry.serialNumber.toLowerCase().replace(/^(?:00)+(?=..)/, ''),
        {
          at: entry.revocationDate.getTime(),
          reason: X509CrlReason[entry.reason ?? X509CrlReason.unspecified],
        },
      ]),
    ),
    isFresh: (at) => at <= nextUpdate && thisUpdate <= at + clockSkew,
  }
}

const invalid = (cause?: unknown): CertificateError =>
  new CertificateError('certificate_invalid', 'This is not a revocation list that can be used.', { cause })

function parse(der: Uint8Array<ArrayBuffer>, spki: Buffer): { crl: X509Crl; issuer: Buffer; fits: boolean } {
  try {
    const signed = readSignedDer(der)
    // version INTEGER, signature AlgorithmIdentifier, issuer Name, ...
    const [version, algorithm, issuer] = signed.fields
    if (version?.tag !== DerTag.integer || issuer === undefined || hex(algorithm) !== signed.algorithmDer)
      throw invalid()
    const crl = new X509Crl(der)
    return { crl, issuer: Buffer.from(issuer.bytes), fits: signed.verify(spki) }
  } catch (error) {
    throw invalid(error)
  }
}

const hex = (element: DerElement | undefined): string => Buffer.from(element?.bytes ?? []).toString('hex')

/** The content of a non-negative DER INTEGER of up to 20 octets (RFC 5280 section 5.2.3). */
function readInteger(der: Uint8Array): bigint {
  if (der[0] !== DerTag.integer || der.length < 3 || der.length > 22 || der[1] !== der.length - 2)
    throw invalid()
  if (((der[2] ?? 0) & 0x80) !== 0) throw invalid()
  return BigInt(`0x${Buffer.from(der.subarray(2)).toString('hex')}`)
}

/** An entry to be put in a CRL. */
export interface RevokedCertificate {
  readonly serial: string
  /** Milliseconds since 1970. */
  readonly revokedAt: number
  readonly reason: RevocationReason
}

/** Makes and signs a complete CRL. @returns DER. */
export async function issueCrl(
  signer: TokenSigner,
  list: {
    readonly trustAnchor: Uint8Array
    readonly number: number
    readonly thisUpdate: number
    readonly nextUpdate: number
    readonly entries: readonly RevokedCertificate[]
  },
): Promise<Buffer> {
  const issuer = new X509Certificate(new Uint8Array(list.trustAnchor))
  const crl = await X509CrlGenerator.create(
    {
      issuer: new Name(issuer.subjectName.toArrayBuffer()),
      thisUpdate: new Date(list.thisUpdate),
      nextUpdate: new Date(list.nextUpdate),
      signingAlgorithm: signer.signingAlgorithm,
      signingKey: signer.signingKey,
      // The invalidity date is always given: an entry without any extension would get an empty list of them, which
      // is not valid (RFC 5280 section 5.1.2.6), and `unspecified` must be left out (section 5.3.1).
      entries: list.entries.map(({ serial, revokedAt, reason }) => ({
        serialNumber: serial,
        revocationDate: new Date(revokedAt),
        invalidity: new Date(revokedAt),
        ...(reason === 'unspecified' ? {} : { reason: X509CrlReason[reason] }),
      })),
      extensions: [
        new Extension(crlNumberOid, false, encodeInteger(list.number)),
        await AuthorityKeyIdentifierExtension.create(issuer.publicKey, false, signer.crypto),
      ],
    },
    signer.crypto,
  )
  return Buffer.from(crl.rawData)
}

/** A non-negative DER INTEGER. */
function encodeInteger(value: number): Uint8Array<ArrayBuffer> {
  const digits = value.toString(16)
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
  const content = ((bytes[0] ?? 0) & 0x80) === 0 ? bytes : Buffer.concat([Buffer.alloc(1), bytes])
  return new Uint8Array([DerTag.integer, content.length, ...content])
}
