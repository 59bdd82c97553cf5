import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorFields, type Log } from '#core/log.ts'
import { readPageFile } from '#core/page/files.ts'
import { pageHeaders } from '#core/page/headers.ts'
import type { BrowserSessions } from './session-cookie.ts'

export interface PageParts {
  readonly rendererFolder: string
  readonly sessions: BrowserSessions
  /** `127.0.0.1:<port>`, the only name this host answers to. */
  readonly authority: string
  readonly log: Log
  /** The one-use address was used. */
  readonly onOpened: () => void
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

/** Answers plain requests: the one-use address, and the files of the screen to whoever has the cookie. */
export async function servePage(
  request: IncomingMessage,
  response: ServerResponse,
  parts: PageParts,
): Promise<void> {
  let answer: Answer
  try {
    answer = await answerTo(request, parts)
  } catch (error) {
    parts.log.error('a page could not be served', errorFields(error))
    answer = text(500, 'The console could not serve this page. Its log has the details.')
  }
  response.writeHead(answer.status, {
    ...pageHeaders("'self'"),
    ...answer.headers,
    'Content-Length': answer.body.length,
  })
  response.end(request.method === 'HEAD' ? undefined : answer.body)
}

async function answerTo(request: IncomingMessage, parts: PageParts): Promise<Answer> {
  const refusal = refuseRequest(request, parts.authority)
  if (refusal !== null) return text(refusal.status, refusal.text)
  // Not `new URL`: it would resolve dot segments before they are judged.
  const pathname = (request.url ?? '').split(/[?#]/, 1)[0] ?? ''

  if (pathname.startsWith('/open/')) return open(request, pathname.slice('/open/'.length), parts)

  // Another site, or another port of this machine, has no business here even with the cookie.
  if (!['same-origin', 'none', undefined].includes(request.headers['sec-fetch-site'])) {
    return text(403, 'Requests from other sites are refused.')
  }
  if (!parts.sessions.admits(request.headers.cookie)) {
    return text(
      401,
      'This browser is not signed on to the console. Open the address that the console printed last.',
    )
  }
  const file = await readPageFile(parts.rendererFolder, pathname)
  if (file === null) return text(404, 'There is no such page.')
  return { status: 200, headers: { 'Content-Type': file.contentType }, body: file.body }
}

function open(request: IncomingMessage, token: string, parts: PageParts): Answer {
  // A HEAD, as link previews send it, must not use the address up.
  const cookie = request.method === 'GET' ? parts.sessions.redeem(token) : null
  if (cookie === null) {
    return text(
      403,
      'This address works once, and was used or replaced. Open the address that the console printed last.',
    )
  }
  parts.onOpened()
  return { status: 302, headers: { Location: '/', 'Set-Cookie': cookie }, body: Buffer.alloc(0) }
}

/** What every request must be: addressed to exactly this host (a rebound DNS name is not), and a plain read. */
export function refuseRequest(
  request: IncomingMessage,
  authority: string,
): { status: number; text: string } | null {
  if (request.headers.host !== authority) {
    return { status: 421, text: `This console answers at http://${authority} only.` }
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, text: 'Only GET and HEAD are answered here.' }
  }
  return null
}

const text = (status: number, message: string): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', ...(status === 405 ? { Allow: 'GET, HEAD' } : {}) },
  body: Buffer.from(`${message}\n`),
})
