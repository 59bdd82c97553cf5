/** One DER element (X.690): where it starts, where its content starts, and where it ends. */
export interface DerElement {
  readonly tag: number
  /** The whole element, tag and length included. A view, not a copy. */
  readonly bytes: Uint8Array
  /** The content alone. A view, not a copy. */
  readonly content: Uint8Array
}

export const DerTag = {
  integer: 0x02,
  bitString: 0x03,
  objectIdentifier: 0x06,
  sequence: 0x30,
  /** `[0] EXPLICIT`, the version of a certificate. */
  version: 0xa0,
} as const

/**
 * Reads the element at `offset`. Lengths are definite and in their shortest form (X.690 section 10.1), tags one byte.
 * @throws RangeError when the bytes end before the element does, or the length is not DER.
 */
export function readDer(bytes: Uint8Array, offset = 0): DerElement {
  const tag = bytes[offset]
  const first = bytes[offset + 1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f)
    throw new RangeError('no DER element')
  let start = offset + 2
  let length = first
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0 || octets > 3 || start + octets > bytes.length) throw new RangeError('not a DER length')
    length = 0
    for (let i = 0; i < octets; i++) length = length * 256 + (bytes[start + i] ?? 0)
    if (length < 0x80 || length < 256 ** (octets - 1)) throw new RangeError('not the shortest DER length')
    start += octets
  }
  const end = start + length
  if (end > bytes.length) throw new RangeError('the DER element is cut off')
  return { tag, bytes: bytes.subarray(offset, end), content: bytes.subarray(start, end) }
}

/** Reads the elements that fill `content` exactly, e.g. the fields of a SEQUENCE. @throws RangeError as `readDer`. */
export function readDerElements(content: Uint8Array): DerElement[] {
  const elements: DerElement[] = []
  for (let offset = 0; offset < content.length;) {
    const element = readDer(content, offset)
    elements.push(element)
    offset += element.bytes.length
  }
  return elements
}

/** Reads the one SEQUENCE that `bytes` must be, with nothing behind it. @throws RangeError as `readDer`. */
export function readDerSequence(bytes: Uint8Array): DerElement[] {
  const element = readDer(bytes)
  if (element.tag !== DerTag.sequence || element.bytes.length !== bytes.length) {
    throw new RangeError('not exactly one DER sequence')
  }
  return readDerElements(element.content)
}
