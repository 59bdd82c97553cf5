/** PEM (RFC 7468) as bytes, so that a private key in it can be filled with zeros; strings cannot. */
export function encodePem(label: string, der: Uint8Array): Buffer {
  const characters = Math.ceil(der.length / 3) * 4
  const lines = Math.ceil(characters / lineLength)
  const begin = `-----BEGIN ${label}-----\n`
  const end = `-----END ${label}-----\n`
  const out = Buffer.allocUnsafeSlow(begin.length + characters + lines + end.length)
  let at = out.write(begin, 'latin1')
  let column = 0
  const put = (code: number): void => {
    out[at++] = code
    if (++column === lineLength) {
      out[at++] = newline
      column = 0
    }
  }
  for (let i = 0; i < der.length; i += 3) {
    const [a = 0, b, c] = der.subarray(i, i + 3)
    put(base64Code(a >> 2))
    put(base64Code(((a & 3) << 4) | ((b ?? 0) >> 4)))
    put(b === undefined ? padding : base64Code(((b & 15) << 2) | ((c ?? 0) >> 6)))
    put(c === undefined ? padding : base64Code(c & 63))
  }
  if (column > 0) out[at++] = newline
  out.write(end, at, 'latin1')
  return out
}

const lineLength = 64
const newline = 10
const padding = 61
const base64Code = (value: number): number => alphabet.charCodeAt(value)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** PEM of a public object as text. */
export const pemText = (label: string, der: Uint8Array): string => encodePem(label, der).toString('latin1')

/**
 * The DER inside a text that must be exactly one PEM block with the given label, with nothing but white space around it.
 * @returns null when it is not.
 */
export function decodePem(label: string, text: string): Buffer | null {
  const match = /^\s*-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----\s*$/.exec(
    text,
  )
  if (match?.[1] !== label || match[2] === undefined) return null
  const body = match[2].replace(/[\r\n]/g, '')
  const der = Buffer.from(body, 'base64')
  return der.toString('base64') === body ? der : null
}
