import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, DropArgument, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { withoutSessionTickets } from '../crypto/tls-options.ts'
import { SecurityException } from '../errors.ts'
import { refuseOnSocket } from './http-reply.ts'
import type { GatewayLimits } from './limits.ts'
import { SourceCounts } from './rate-limit.ts'
import { sourceOf } from './source.ts'
import type { Turned } from './surroundings.ts'

export interface ListenerHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse): void
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  onTurned(turned: Turned): void
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

export interface ListenOptions extends ListenAddress {
  /** PEM. Not kept: the caller may fill it with zeros when `listen` has returned. */
  readonly key: Buffer
  /** PEM, the gateway's certificate first, then those above it. */
  readonly certificate: string
}

/** TLS failures that are only a peer going away. */
const departures = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/**
 * The gateway's door: HTTPS on one port, TLS 1.3 only, with limits on how many may stand in it and for how long.
 * A client certificate is asked for but not judged here, so that a refusal can be a typed answer and not a TLS alert.
 */
export class Listener {
  readonly #limits: GatewayLimits
  readonly #handlers: ListenerHandlers
  readonly #sockets = new Set<Socket>()
  readonly #counts = new SourceCounts()
  #server: Server | null = null

  constructor(limits: GatewayLimits, handlers: ListenerHandlers) {
    this.#limits = limits
    this.#handlers = handlers
  }

  /** TCP connections that are open now. */
  get open(): number {
    return this.#counts.total
  }

  /**
   * @throws SecurityException `port_in_use`; `configuration_invalid` for an address that cannot be listened on;
   * `certificate_invalid` if key and certificate do not fit.
   */
  async listen(options: ListenOptions): Promise<ListenAddress> {
    const server = this.#create(options)
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        reject(cannotListen(error, options))
      }
      server.once('error', failed)
      server.listen({ host: options.host, port: options.port, exclusive: true }, () => {
        server.off('error', failed)
        resolve()
      })
    })
    this.#server = server
    return { host: options.host, port: (server.address() as AddressInfo).port }
  }

  /** Closes the port and whatever is still open on it. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (!server) return
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #create(options: ListenOptions): Server {
    const limits = this.#limits
    let server: Server
    try {
      server = createServer({
        key: options.key,
        cert: options.certificate,
        minVersion: 'TLSv1.3',
        secureOptions: withoutSessionTickets,
        requestCert: true,
        rejectUnauthorized: false,
        handshakeTimeout: limits.handshakeMilliseconds,
        headersTimeout: limits.headersMilliseconds,
        requestTimeout: limits.requestMilliseconds,
        connectionsCheckingInterval: Math.min(1000, limits.headersMilliseconds),
        keepAliveTimeout: 5000,
        maxHeaderSize: 8 * 1024,
        noDelay: true,
      })
    } catch (error) {
      const message =
        'The gateway’s key and certificate cannot be used together. Sign in again so that new ones are made.'
      throw new SecurityException('certificate_invalid', message, { cause: error })
    }
    server.maxConnections = limits.maxConnections
    server.maxRequestsPerSocket = 100
    server.on('connection', (socket: Socket) => this.#count(socket))
    server.on('drop', (dropped?: DropArgument) =>
      this.#turn(sourceOf(dropped?.remoteAddress), 'The gateway has as many connections as it takes.'),
    )
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => this.#tlsFailed(error, socket))
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#httpFailed(error, socket))
    server.on('request', (request, response) => this.#handlers.onRequest(request, response))
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy())
      this.#handlers.onUpgrade(request, socket, head)
    })
    return server
  }

  #count(socket: Socket): void {
    const source = sourceOf(socket.remoteAddress)
    if (this.#counts.of(source) >= this.#limits.maxConnectionsPerSource) {
      socket.destroy()
      this.#turn(source, 'This source has as many connections as the gateway takes from one.')
      return
    }
    this.#counts.add(source)
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#counts.remove(source)
    })
  }

  #turn(source: string, message: string): void {
    this.#handlers.onTurned({ agentId: null, code: 'rate_limited', message, source })
  }

  /** Not TLS, TLS older than 1.3, no proof of the key, or no handshake in time. */
  #tlsFailed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const source = sourceOf(socket.remoteAddress)
    socket.destroy()
    if (departures.has(error.code ?? '')) return
    const message =
      error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT'
        ? 'The TLS handshake did not end in time.'
        : 'The TLS handshake failed.'
    this.#handlers.onTurned({ agentId: null, code: 'authentication_failed', message, source })
  }

  /** Bytes that are no HTTP request, a header that is too big, or a request that did not arrive in time. */
  #httpFailed(error: NodeJS.ErrnoException, socket: Duplex): void {
    // Node announces TLS failures here as well; those are recorded above.
    if (!/^(?:HPE|ERR_HTTP)_/.test(error.code ?? '')) {
      socket.destroy()
      return
    }
    const [status, message] =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? ([431, 'The request’s header is too big.'] as const)
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? ([408, 'The request did not arrive in time.'] as const)
          : ([400, 'This is not an HTTP request.'] as const)
    refuseOnSocket(socket, status, 'invalid_input', message)
    const source = sourceOf(socket instanceof TLSSocket ? socket.remoteAddress : undefined)
    this.#handlers.onTurned({ agentId: null, code: 'invalid_input', message, source })
  }
}

function cannotListen(error: NodeJS.ErrnoException, { host, port }: ListenAddress): SecurityException {
  const next = 'set gateway_port in the configuration to a free port (0 takes any) and start again'
  if (error.code === 'EADDRINUSE') {
    const message = `Port ${port} on ${host} is in use by another program, so the gateway cannot listen. Stop that program, or ${next}.`
    return new SecurityException('port_in_use', message, { cause: error })
  }
  if (error.code === 'EACCES') {
    const message = `This user may not listen on port ${port}. Choose one above 1023: ${next}.`
    return new SecurityException('configuration_invalid', message, { cause: error })
  }
  const message = `The gateway cannot listen on ${host}, port ${port}. Set gateway_host to an address of this machine, for example 127.0.0.1.`
  return new SecurityException('configuration_invalid', message, { cause: error })
}
