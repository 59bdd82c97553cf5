/**
 * CBOR for the two layouts that every message goes through, the frame and the envelope: arrays of unsigned integers,
 * byte strings and short texts, whose order is fixed. In the deterministic form (RFC 8949 section 4.2.1) each item has
 * one encoding, so both directions are a walk over the bytes: nothing is guessed, copied or allocated on the way, which
 * the general codec cannot do. Whatever is not such a layout goes through `decodeStrictly`.
 */

/** The bytes are not the item that was due. */
export class CborMismatch extends Error {}

/** Reads item after item. Every method throws CborMismatch where another item, a longer form or the end comes. */
export class CborReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes)
  }

  /** The head of an array of exactly `length` items, which are read next. */
  array(length: number): void {
    if (this.#argument(4) !== length) throw new CborMismatch(`not an array of ${length} items`)
  }

  /** An integer from 0 to 2^53 - 1. */
  unsigned(): number {
    return this.#argument(0)
  }

  /** A byte string, as a view of the bytes that are read. */
  bytes(): Uint8Array {
    const from = this.#skip(this.#argument(2))
    return viewOf(this.#bytes, from, this.#at)
  }

  /** A byte string of exactly `length` bytes, as a view of the bytes that are read. */
  bytesOf(length: number): Uint8Array {
    if (this.#argument(2) !== length) throw new CborMismatch(`not ${length} bytes`)
    const from = this.#skip(length)
    return viewOf(this.#bytes, from, this.#at)
  }

  /** A byte string of exactly `length` bytes, as hexadecimal digits. */
  hexOf(length: number): string {
    if (this.#argument(2) !== length) throw new CborMismatch(`not ${length} bytes`)
    const from = this.#skip(length)
    return this.#bytes.toString('hex', from, this.#at)
  }

  /** A text all of whose characters are ASCII; the caller's pattern has to see to that, others come out as Latin-1. */
  asciiText(): string {
    const from = this.#skip(this.#argument(3))
    return this.#bytes.toString('latin1', from, this.#at)
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new CborMismatch('more bytes than items')
  }

  /** The value in the head of an item of this major type, in its shortest form (RFC 8949 section 3). */
  #argument(majorType: number): number {
    const bytes = this.#bytes
    const at = this.#at
    const head = bytes[at]
    if (head === undefined || head >> 5 !== majorType)
      throw new CborMismatch(`not of major type ${majorType}`)
    const information = head & 31
    if (information < 24) {
      this.#at = at + 1
      return information
    }
    const width = 2 ** (information - 24)
    if (width > 8 || at + 1 + width > bytes.length)
      throw new CborMismatch('cut short, or of no definite length')
    this.#at = at + 1 + width
    const value =
      width === 8
        ? bytes.readUInt32BE(at + 1) * 2 ** 32 + bytes.readUInt32BE(at + 5)
        : bytes.readUIntBE(at + 1, width)
    if (value < (leastOfWidth[width] ?? 0)) throw new CborMismatch('not in the shortest form')
    if (value > Number.MAX_SAFE_INTEGER) throw new CborMismatch('above 2^53')
    return value
  }

  /** Moves over `length` bytes and gives where they begin. */
  #skip(length: number): number {
    const from = this.#at
    if (length > this.#bytes.length - from) throw new CborMismatch('cut short')
    this.#at = from + length
    return from
  }
}

/** Below these a shorter form exists. */
const leastOfWidth: Readonly<Record<number, number>> = { 1: 24, 2: 0x100, 4: 0x1_0000, 8: 0x1_0000_0000 }

/** Most bytes that the head of an item takes. */
const longestHead = 9

/** Writes item after item into one buffer. */
export class CborWriter {
  readonly #out: Buffer
  #at = 0

  /** For at most `items` items, arrays counted, with `content` bytes in their texts and byte strings. */
  constructor(items: number, content: number) {
    this.#out = Buffer.allocUnsafe(items * longestHead + content)
  }

  array(length: number): this {
    return this.#head(4, length)
  }

  /** An integer from 0 to 2^53 - 1. */
  unsigned(value: number): this {
    return this.#head(0, value)
  }

  bytes(value: Uint8Array): this {
    this.#head(2, value.length)
    this.#out.set(value, this.#at)
    this.#at += value.length
    return this
  }

  /** A byte string given as hexadecimal digits. */
  hexBytes(digits: string): this {
    this.#head(2, digits.length / 2)
    this.#at += this.#out.write(digits, this.#at, 'hex')
    return this
  }

  text(value: string): this {
    const start = this.#at
    this.#head(3, value.length)
    const out = this.#out
    const at = this.#at
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index)
      if (code > 127) {
        this.#at = start
        return this.#utf8(value)
      }
      out[at + index] = code
    }
    this.#at = at + value.length
    return this
  }

  /** What has been written. */
  done(): Uint8Array {
    return viewOf(this.#out, 0, this.#at)
  }

  #utf8(value: string): this {
    const length = Buffer.byteLength(value)
    this.#head(3, length)
    this.#at += this.#out.write(value, this.#at, length, 'utf8')
    return this
  }

  #head(majorType: number, value: number): this {
    const out = this.#out
    const at = this.#at
    const type = majorType << 5
    if (value < 24) {
      out[at] = type | value
      this.#at = at + 1
    } else if (value < 0x100) {
      out[at] = type | 24
      out[at + 1] = value
      this.#at = at + 2
    } else if (value < 0x1_0000) {
      out[at] = type | 25
      this.#at = out.writeUInt16BE(value, at + 1)
    } else if (value < 0x1_0000_0000) {
      out[at] = type | 26
      this.#at = out.writeUInt32BE(value, at + 1)
    } else {
      out[at] = type | 27
      out.writeUInt32BE(Math.floor(value / 2 ** 32), at + 1)
      this.#at = out.writeUInt32BE(value % 2 ** 32, at + 5)
    }
    return this
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** Not a Buffer: those answer `slice`, `toString` and JSON differently from the byte arrays that callers know. */
const viewOf = (buffer: Buffer, from: number, to: number): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset + from, to - from)
