import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext } from 'node:tls'
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws'
import { systemClock } from '#core/clock.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { withoutSessionTickets } from '#core/crypto/tls-options.ts'
import { AgentLink } from '#core/link/agent-link.ts'
import { encodeFrame } from '#core/link/frame.ts'
import { defaultGatewayLimits } from '#core/link/limits.ts'
import { FrameKind } from '#core/link/link.ts'
import type { Credentials, FleetTls } from '../support/fleet-tls.ts'
import { runGateway } from '../support/gateway.ts'

/** One agent that sends to one that receives. */
export interface Pair {
  /** Sends a message; false if it was not taken. */
  send(body: Uint8Array): boolean
  /** Called when a message arrives at the other end. */
  arrived: () => void
}

export interface RunningRelay {
  readonly pairs: readonly Pair[]
  stop(): Promise<void>
}

/** No rate is to be met here, only work. */
const unlimited = {
  ...defaultGatewayLimits,
  framesPerSecond: 1e9,
  frameBurst: 1e9,
  bytesPerSecond: 1e12,
  byteBurst: 1e12,
  requestBurst: 1e6,
}

/** The gateway, with an agent's link for each of `credentials`. */
export async function gatewayRelay(
  fleet: FleetTls,
  credentials: ReadonlyMap<string, Credentials>,
): Promise<RunningRelay> {
  const { gateway, address } = await runGateway(fleet, { limits: unlimited })
  const links: AgentLink[] = []
  for (const [agentId, { key, certificate }] of credentials) {
    const link = AgentLink.connect({
      gateway: `https://127.0.0.1:${address.port}`,
      agentId,
      key,
      certificate,
      trustAnchor: fleet.rootPem,
      clock: systemClock,
      random: platformRandom,
    })
    await connected(link)
    links.push(link)
  }
  return {
    pairs: inPairs(links).map(([from, to]) => {
      const pair: Pair = {
        send: (body) =>
          from.send({ kind: FrameKind.message, from: from.localAgent, to: to.localAgent, body }),
        arrived: () => undefined,
      }
      to.onFrame((frame) => {
        if (frame.kind === FrameKind.message) pair.arrived()
      })
      return pair
    }),
    async stop() {
      await Promise.all(links.map((link) => link.close()))
      await gateway.stop()
    },
  }
}

function connected(link: AgentLink): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = link.onState((state, reason) => {
      if (state === 'connecting') return
      stop()
      if (state === 'connected') resolve()
      else reject(new Error(`${link.localAgent}: ${reason ?? state}`))
    })
  })
}

/** What `ws` does by itself: each socket's messages go to its partner's, unread. The messages are as long as our frames. */
export async function bareRelay(
  fleet: FleetTls,
  credentials: ReadonlyMap<string, Credentials>,
): Promise<RunningRelay> {
  const { key, certificate: cert } = await fleet.gateway()
  const https = createServer({
    key,
    cert,
    ca: fleet.rootPem,
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: true,
    secureOptions: withoutSessionTickets,
  })
  const server = new WebSocketServer({ server: https, perMessageDeflate: false })
  const partners = new Map<WebSocket, WebSocket>()
  server.on('connection', (socket) => {
    socket.on('message', (data) => partners.get(socket)?.send(data as Buffer, { binary: true }))
  })
  https.listen(0, '127.0.0.1')
  await once(https, 'listening')
  const { port } = https.address() as AddressInfo

  const ends: { readonly name: string; readonly client: WebSocket; readonly atServer: WebSocket }[] = []
  for (const [name, own] of credentials) {
    const accepted = once(server, 'connection') as Promise<[WebSocket]>
    const options = {
      perMessageDeflate: false,
      secureContext: createSecureContext({ key: own.key, cert: own.certificate, ca: fleet.rootPem }),
      checkServerIdentity: () => undefined,
    }
    const client = new WebSocket(`wss://127.0.0.1:${port}`, options as unknown as ClientOptions)
    await once(client, 'open')
    ends.push({ name, client, atServer: (await accepted)[0] })
  }
  return {
    pairs: inPairs(ends).map(([from, to]) => {
      partners.set(from.atServer, to.atServer)
      let last: { readonly body: Uint8Array; readonly bytes: Uint8Array } | null = null
      const pair: Pair = {
        send(body) {
          if (last?.body !== body) {
            const frame = { kind: FrameKind.message, from: from.name, to: to.name, body }
            last = { body, bytes: encodeFrame(frame) }
          }
          from.client.send(last.bytes, { binary: true })
          return true
        },
        arrived: () => undefined,
      }
      to.client.on('message', () => pair.arrived())
      return pair
    }),
    async stop() {
      for (const { client } of ends) client.terminate()
      server.close()
      https.closeAllConnections()
      https.close()
      await once(https, 'close')
    },
  }
}

function inPairs<One>(all: readonly One[]): (readonly [One, One])[] {
  return all.flatMap((one, index) => {
    const other = all[index + 1]
    return index % 2 === 0 && other !== undefined ? [[one, other] as const] : []
  })
}
