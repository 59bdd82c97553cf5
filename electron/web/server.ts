import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Clock } from '#core/clock.ts'
import { opaqueId, type RandomSource } from '#core/crypto/random.ts'
import type { Dispatcher } from '#core/dispatch/dispatcher.ts'
import type { EventFeed } from '#core/dispatch/feed.ts'
import { maxFrameText, writeServerFrame } from '#core/dispatch/frames.ts'
import { SecurityException } from '#core/errors.ts'
import type { Log } from '#core/log.ts'
import { ApiSocket } from './api-socket.ts'
import { refuseRequest, servePage } from './pages.ts'
import { BrowserSessions } from './session-cookie.ts'

/** Only this machine. The gateway is for others; the screen is not. */
const loopback = '127.0.0.1'

/** RFC 6455 section 7.4.1. */
const goingAway = 1001

/** Browser windows at once. */
const maxSockets = 16

export interface WebHostParts {
  readonly dispatcher: Dispatcher
  readonly feed: EventFeed
  /** The built screen, `out/renderer`. */
  readonly rendererFolder: string
  readonly log: Log
  readonly clock: Clock
  readonly random: RandomSource
  /** TCP port; 0 or left out is any free one. */
  readonly port?: number
  /** The one-use address was used; `next` is another, for another window. */
  readonly onOpened?: (next: string) => void
}

export interface WebHost {
  /** The one-use address that opens the screen. */
  readonly url: string
  /** Disconnects every browser and frees the port. */
  stop(): Promise<void>
}

/**
 * Serves the screen and the contract to browsers of this machine: static files and one WebSocket at `/api`, both only
 * with the cookie that the one-use address was exchanged for.
 * @throws SecurityException `port_in_use`
 */
export async function startWebHost(parts: WebHostParts): Promise<WebHost> {
  const server = createServer({ maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 10_000 })
  const port = await listen(server, parts.port ?? 0)
  const authority = `${loopback}:${port}`
  const sessions = new BrowserSessions(parts.random, port)
  const address = (): string => `http://${authority}/open/${sessions.invite()}`

  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameText, perMessageDeflate: false })
  const browsers = new Set<ApiSocket>()

  server.on('request', (request, response) => {
    void servePage(request, response, {
      rendererFolder: parts.rendererFolder,
      sessions,
      authority,
      log: parts.log,
      onOpened: () => parts.onOpened?.(address()),
    })
  })

  server.on('upgrade', (request, socket, head) => {
    const refusal = refuseUpgrade(request, authority, sessions, browsers.size)
    if (refusal !== null) {
      refuse(socket, refusal.status, refusal.text, parts.log)
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const peer = `web-${opaqueId(parts.random)}`
      const browser = new ApiSocket(webSocket, {
        dispatcher: parts.dispatcher,
        clock: parts.clock,
        log: parts.log,
        peer,
      })
      browsers.add(browser)
      webSocket.on('close', () => browsers.delete(browser))
    })
  })

  const unsubscribe = parts.feed.subscribe((event, payload) => {
    const text = writeServerFrame({ event, payload })
    for (const browser of browsers) browser.send(text)
  })

  return {
    url: address(),
    stop: () =>
      new Promise((resolve) => {
        unsubscribe()
        for (const client of sockets.clients) {
          client.close(goingAway)
          client.terminate()
        }
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A WebSocket must be for `/api`, from the page this host served (another site's page has another Origin), with the cookie. */
function refuseUpgrade(
  request: IncomingMessage,
  authority: string,
  sessions: BrowserSessions,
  open: number,
): { status: number; text: string } | null {
  const refusal = refuseRequest(request, authority)
  if (refusal !== null) return refusal
  if (request.url !== '/api') return { status: 404, text: 'The WebSocket is at /api.' }
  if (request.headers.origin !== `http://${authority}`)
    return { status: 403, text: 'Other origins are refused.' }
  if (!sessions.admits(request.headers.cookie))
    return { status: 401, text: 'Open the address that the console printed last.' }
  if (open >= maxSockets) return { status: 503, text: `At most ${maxSockets} windows may be open.` }
  return null
}

const statusTexts: Record<number, string> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  421: 'Misdirected Request',
  503: 'Service Unavailable',
}

function refuse(socket: Duplex, status: number, text: string, log: Log): void {
  log.warn('a WebSocket was refused', { status })
  socket.on('error', () => socket.destroy())
  const lines = [
    `HTTP/1.1 ${status} ${statusTexts[status] ?? 'Refused'}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`)
}

/** Listens on loopback and answers the port. */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') {
        reject(error)
        return
      }
      reject(
        new SecurityException(
          'port_in_use',
          `Port ${port} of ${loopback} is in use. Choose another with --port, or leave it out for any free one.`,
        ),
      )
    })
    server.listen(port, loopback, () => {
      const bound = server.address()
      if (bound === null || typeof bound === 'string') {
        reject(new Error('the server has no address'))
        return
      }
      resolve(bound.port)
    })
  })
}
