import type { IncomingMessage } from 'node:http'
import { SecurityException } from '../errors.ts'

/**
 * Reads a request's body, at most `maxBytes`. Stops reading at the first byte too many, so an endless body costs
 * nothing.
 * @returns null if the body is larger
 * @throws SecurityException `invalid_input` if the peer went away in the middle
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return null
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) {
        request.pause()
        request.removeAllListeners('data')
        resolve(null)
      } else chunks.push(chunk)
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    const gone = (): void =>
      reject(new SecurityException('invalid_input', 'The request ended before its body was complete.'))
    request.once('error', gone)
    request.once('close', gone)
  })
}
