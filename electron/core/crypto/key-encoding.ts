import type { Curve, KemAlgorithm, KeyKind, MlDsaAlgorithm } from './algorithms.ts'

/** Kinds whose SubjectPublicKeyInfo is a fixed prefix and then the raw key. */
export type RawKind = Exclude<KeyKind, 'RSA'>

interface RawEncoding {
  /** Bytes of the raw public key: a point with 04 in front, or the key itself. */
  readonly publicBytes: number
  readonly spkiPrefix: Buffer
  /** Bytes of the raw private key: a scalar, or a seed. */
  readonly privateBytes: number
  readonly pkcs8Prefix: Buffer
}

const encoding = (
  publicBytes: number,
  spkiPrefix: string,
  privateBytes: number,
  pkcs8Prefix: string,
): RawEncoding => ({
  publicBytes,
  spkiPrefix: Buffer.from(spkiPrefix, 'hex'),
  privateBytes,
  pkcs8Prefix: Buffer.from(pkcs8Prefix, 'hex'),
})

/**
 * RFC 5480 and 5915 (named curve, uncompressed point), RFC 8410, RFC 9935 (ML-KEM) and RFC 9881 (ML-DSA), the private
 * keys of the last two as seeds: `[0] IMPLICIT OCTET STRING`, the only form that OpenSSL and BoringSSL both read.
 */
export const rawEncodings: Readonly<Record<RawKind, RawEncoding>> = {
  'P-256': encoding(
    65,
    '3059301306072a8648ce3d020106082a8648ce3d030107034200',
    32,
    '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420',
  ),
  'P-384': encoding(
    97,
    '3076301006072a8648ce3d020106052b81040022036200',
    48,
    '304e020100301006072a8648ce3d020106052b81040022043730350201010430',
  ),
  Ed25519: encoding(32, '302a300506032b6570032100', 32, '302e020100300506032b657004220420'),
  X25519: encoding(32, '302a300506032b656e032100', 32, '302e020100300506032b656e04220420'),
  'ML-KEM-768': encoding(
    1184,
    '308204b2300b0609608648016503040402038204a100',
    64,
    '3054020100300b060960864801650304040204428040',
  ),
  'ML-KEM-1024': encoding(
    1568,
    '30820632300b06096086480165030404030382062100',
    64,
    '3054020100300b060960864801650304040304428040',
  ),
  'ML-DSA-65': encoding(
    1952,
    '308207b2300b0609608648016503040312038207a100',
    32,
    '3034020100300b060960864801650304031204228020',
  ),
  'ML-DSA-87': encoding(
    2592,
    '30820a32300b060960864801650304031303820a2100',
    32,
    '3034020100300b060960864801650304031304228020',
  ),
}

const rawKinds = Object.keys(rawEncodings) as RawKind[]

export const isKem = (kind: KeyKind): kind is KemAlgorithm => kind.startsWith('ML-KEM')
export const isMlDsa = (kind: KeyKind): kind is MlDsaAlgorithm => kind.startsWith('ML-DSA')
export const isCurve = (kind: KeyKind): kind is Curve => kind === 'P-256' || kind === 'P-384'

/** SubjectPublicKeyInfo (DER) of a raw public key. */
export const spkiOf = (kind: RawKind, raw: Uint8Array): Buffer =>
  Buffer.concat([rawEncodings[kind].spkiPrefix, raw])

/** PKCS#8 (DER) of a raw private key, in a buffer of its own, which whoever asked fills with zeros. */
export function pkcs8Of(kind: RawKind, raw: Uint8Array): Buffer {
  const { pkcs8Prefix } = rawEncodings[kind]
  const der = Buffer.allocUnsafeSlow(pkcs8Prefix.length + raw.length)
  der.set(pkcs8Prefix)
  der.set(raw, pkcs8Prefix.length)
  return der
}

/** The kind and the raw key inside a SubjectPublicKeyInfo (DER) in its one canonical form; null if it is none of these. */
export function readRawSpki(der: Uint8Array): { readonly kind: RawKind; readonly raw: Buffer } | null {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength)
  for (const kind of rawKinds) {
    const { spkiPrefix, publicBytes } = rawEncodings[kind]
    if (bytes.length !== spkiPrefix.length + publicBytes) continue
    if (!bytes.subarray(0, spkiPrefix.length).equals(spkiPrefix)) continue
    const raw = bytes.subarray(spkiPrefix.length)
    // The hybrid form of a point (06 or 07) is as long as the uncompressed one.
    return isCurve(kind) && raw[0] !== 4 ? null : { kind, raw }
  }
  return null
}
