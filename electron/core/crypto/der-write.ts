import { DerTag } from './der.ts'

/** One DER element (X.690) with definite length. */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((total, content) => total + content.byteLength, 0)
  const header = Buffer.from([tag, ...lengthOctets(length)])
  const element = Buffer.allocUnsafeSlow(header.length + length)
  element.set(header)
  let at = header.length
  for (const content of contents) {
    element.set(content, at)
    at += content.byteLength
  }
  return element
}

export const derSequence = (...fields: readonly Uint8Array[]): Buffer =>
  derElement(DerTag.sequence, ...fields)
export const derOctets = (bytes: Uint8Array): Buffer => derElement(octetString, bytes)

/** A non-negative integer below 2^31. */
export function derInteger(value: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt32BE(value, 1)
  let start = 0
  while (start < 4 && bytes[start] === 0 && (bytes[start + 1] ?? 0) < 0x80) start++
  return derElement(DerTag.integer, bytes.subarray(start))
}

const octetString = 0x04

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return [0x80 | octets.length, ...octets]
}
