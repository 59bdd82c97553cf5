import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { DerTag, readDerElements, readDerSequence } from './der.ts'

/** AlgorithmIdentifier (DER, hexadecimal) of the signatures taken: RFC 5758 section 3.2 and RFC 4055 section 5. */
const signatureAlgorithms = new Map([
  ['300a06082a8648ce3d040302', { keyType: 'ec', hash: 'sha256', name: 'ECDSA-SHA256' }],
  ['300a06082a8648ce3d040303', { keyType: 'ec', hash: 'sha384', name: 'ECDSA-SHA384' }],
  ['300a06082a8648ce3d040304', { keyType: 'ec', hash: 'sha512', name: 'ECDSA-SHA512' }],
  ['300d06092a864886f70d01010b0500', { keyType: 'rsa', hash: 'sha256', name: 'RSA-SHA256' }],
  ['300d06092a864886f70d01010c0500', { keyType: 'rsa', hash: 'sha384', name: 'RSA-SHA384' }],
  ['300d06092a864886f70d01010d0500', { keyType: 'rsa', hash: 'sha512', name: 'RSA-SHA512' }],
])

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')

/** What is signed, in the three objects of X.509 that are `SEQUENCE { content, algorithm, signature }`. */
export interface SignedDer {
  /** The fields of the signed content (TBSCertificate, TBSCertList, CertificationRequestInfo). */
  readonly fields: ReturnType<typeof readDerElements>
  readonly signatureAlgorithm: string
  /** AlgorithmIdentifier, DER as hexadecimal digits; certificates and CRLs repeat it inside the signed content. */
  readonly algorithmDer: string
  /** True if the signature was made by the key whose SubjectPublicKeyInfo (DER) is given. */
  verify(spki: Uint8Array): boolean
}

/**
 * Takes a certificate, CRL or certification request apart, without deciding on anything in it.
 * @throws RangeError when it is not DER of that form, has bytes behind it, or is signed in a way that is not taken:
 * ECDSA or RSASSA-PKCS1-v1_5 with SHA-256, SHA-384 or SHA-512.
 */
export function readSignedDer(der: Uint8Array): SignedDer {
  const [content, algorithm, signature, ...rest] = readDerSequence(der)
  if (content?.tag !== DerTag.sequence || algorithm === undefined || rest.length > 0) {
    throw new RangeError('not a signed X.509 object')
  }
  if (signature?.tag !== DerTag.bitString || signature.content[0] !== 0) throw new RangeError('no signature')
  const algorithmDer = hex(algorithm.bytes)
  const known = signatureAlgorithms.get(algorithmDer)
  if (known === undefined) throw new RangeError('an unknown signature algorithm')
  const value = signature.content.subarray(1)
  return {
    fields: readDerElements(content.content),
    signatureAlgorithm: known.name,
    algorithmDer,
    verify(spki) {
      const key = importSpki(spki)
      return (
        key !== null &&
        key.asymmetricKeyType === known.keyType &&
        verify(known.hash, content.bytes, key, value)
      )
    },
  }
}

/**
 * What a public key is, from its SubjectPublicKeyInfo (DER): `ECDSA-P384`, `RSA-4096`, or another name in that style.
 * Null where the key cannot be read, e.g. a point that is not on its curve, or where it is not in the one canonical
 * encoding, so that equal keys always have equal fingerprints.
 */
export function describePublicKey(spki: Uint8Array): string | null {
  const key = importSpki(spki)
  if (key === null || !key.export({ type: 'spki', format: 'der' }).equals(spki)) return null
  const details = key.asymmetricKeyDetails
  switch (key.asymmetricKeyType) {
    case 'ec':
      return `ECDSA-${curveNames[details?.namedCurve ?? ''] ?? details?.namedCurve ?? 'unnamed'}`
    case 'rsa':
      return details?.publicExponent === 65537n
        ? `RSA-${details.modulusLength ?? 0}`
        : 'RSA with an unusual exponent'
    default:
      return key.asymmetricKeyType?.toUpperCase() ?? null
  }
}

const curveNames: Record<string, string> = { prime256v1: 'P256', secp384r1: 'P384', secp521r1: 'P521' }

function importSpki(spki: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    return null
  }
}
