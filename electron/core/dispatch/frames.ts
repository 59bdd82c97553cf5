import type { RequestFrame, ServerFrame } from '#shared/contract/transport.ts'

/**
 * Largest text one request frame may have before a socket is closed, in bytes. It is above `maxRequestBytes`, so that
 * a request that is merely too large gets an answer that says so.
 */
export const maxFrameText = 256 * 1024

/** Reads a request frame; null if the text is not one. The operation's name and input are the dispatcher's to judge. */
export function readRequestFrame(text: string): RequestFrame | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { id, call, input } = value as Record<string, unknown>
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0 || typeof call !== 'string') return null
  return { id, call, input }
}

export const writeServerFrame = (frame: ServerFrame): string => JSON.stringify(frame)
