import { once } from 'node:events'
import { request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import { validateCertificate } from '#core/ca/validation.ts'
import { pemText } from '#core/crypto/pem.ts'
import { decodeFrame } from '#core/link/frame.ts'
import type { Frame } from '#core/link/link.ts'
import type { ListenAddress } from '#core/link/listener.ts'
import type { FleetDirectory } from '#core/link/surroundings.ts'
import {
  type LeafOptions,
  makeAuthority,
  makeCertificate,
  makeCrl,
  type TestAuthority,
} from './certificates.ts'

const day = 24 * 60 * 60 * 1000

/** What one side of a TLS connection proves itself with. */
export interface Credentials {
  /** PEM. */
  readonly key: Buffer
  /** PEM. */
  readonly certificate: string
  readonly serial: string
}

/**
 * A root with a gateway and agents on real time, because TLS libraries look at the system's clock. The gateway judges
 * its peers with the console's own validator.
 */
export class FleetTls {
  readonly root: TestAuthority
  readonly rootPem: string
  #serial = 1000n
  #crl: Buffer
  #crlNumber = 1
  /** Milliseconds the directory's clock is ahead of the system's. */
  ahead = 0

  private constructor(root: TestAuthority, crl: Buffer) {
    this.root = root
    this.rootPem = pemText('CERTIFICATE', root.certificate)
    this.#crl = crl
  }

  static async make(commonName = 'Test Root'): Promise<FleetTls> {
    const root = await makeAuthority({
      commonName,
      notBefore: Date.now() - day,
      notAfter: Date.now() + 365 * day,
    })
    return new FleetTls(
      root,
      await makeCrl(root, { thisUpdate: Date.now() - day, nextUpdate: Date.now() + day }),
    )
  }

  async agent(agentId: string, options: LeafOptions = {}): Promise<Credentials> {
    const serial = `40000000000000000000${(this.#serial++).toString(16).padStart(12, '0')}`
    const times = { notBefore: Date.now() - day, notAfter: Date.now() + 30 * day }
    const { keys, certificate } = await makeCertificate(this.root, { agentId, serial, ...times, ...options })
    const pkcs8 = await keys.pkcs8()
    const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`
    return { key: Buffer.from(key), certificate: pemText('CERTIFICATE', certificate), serial }
  }

  gateway(): Promise<Credentials> {
    const hosts = [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ] as const
    return this.agent('gateway', { profile: 'gateway', hosts })
  }

  /** Puts certificates on a new CRL, which the directory hands out from then on. */
  async revoke(...serials: string[]): Promise<Buffer> {
    this.#crlNumber += 1
    const times = { thisUpdate: Date.now() - day, nextUpdate: Date.now() + day }
    this.#crl = await makeCrl(this.root, { serials, number: this.#crlNumber, ...times })
    return this.#crl
  }

  get crl(): Buffer {
    return this.#crl
  }

  get directory(): FleetDirectory {
    return {
      consoleAgent: 'ground-station',
      trustAnchor: () => this.root.certificate,
      crl: () => this.#crl,
      validate: (certificate) =>
        validateCertificate({
          certificate,
          trustAnchors: [this.root.certificate],
          crl: this.#crl,
          at: Date.now() + this.ahead,
          usage: 'client',
        }),
    }
  }
}

export interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** An agent's WebSocket without the engine's link, to send what no link would. */
export class RawAgent {
  readonly socket: WebSocket
  readonly received: Frame[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #arrivals: (() => void)[] = []

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => {
      this.received.push(decodeFrame(data as Buffer))
      for (const arrived of this.#arrivals.splice(0)) arrived()
    })
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  /** Connects; the gateway's refusal where it refuses. */
  static async connect(
    { port }: ListenAddress,
    agentId: string,
    credentials: Partial<Credentials>,
    options: { origin?: string; path?: string } = {},
  ): Promise<RawAgent | Refusal> {
    const { key, certificate: cert } = credentials
    const socket = new WebSocket(`wss://127.0.0.1:${port}${options.path ?? `/ws/${agentId}`}`, {
      ...(key && { key }),
      ...(cert && { cert }),
      ...(options.origin && { origin: options.origin }),
      rejectUnauthorized: false,
      perMessageDeflate: false,
    })
    const agent = new RawAgent(socket)
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(agent))
      socket.once('error', reject)
      socket.once('unexpected-response', (_, response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const body = JSON.parse(Buffer.concat(chunks).toString()) as { code: string; message: string }
          resolve({ status: response.statusCode ?? 0, ...body })
        })
      })
    })
  }

  /** The first frame that fits, received already or still to come. */
  async frame(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.received.find(fits)
      if (found) return found
      await new Promise<void>((resolve) => this.#arrivals.push(resolve))
    }
  }
}

/** As `RawAgent.connect`, for an agent that must be let in. */
export async function enter(
  address: ListenAddress,
  agentId: string,
  credentials: Credentials,
): Promise<RawAgent> {
  const agent = await RawAgent.connect(address, agentId, credentials)
  if (agent instanceof RawAgent) return agent
  throw new Error(`${agentId} was refused: ${agent.status} ${agent.code} ${agent.message}`)
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  json(): Record<string, unknown>
}

/** One HTTPS request to the gateway, with certificate checks off. */
export function ask(
  { port }: ListenAddress,
  method: string,
  path: string,
  options: { body?: string | Buffer; headers?: Record<string, string> } = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: options.headers,
        rejectUnauthorized: false,
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.on('end', () => {
          const body = Buffer.concat(chunks)
          const json = (): Record<string, unknown> => JSON.parse(body.toString()) as Record<string, unknown>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body, json })
        })
      },
    )
    outgoing.once('error', reject)
    outgoing.end(options.body)
  })
}

/** A bare TLS connection to the gateway, for bytes that no HTTP client would send. */
export async function openTls({ port }: ListenAddress): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return socket
}
