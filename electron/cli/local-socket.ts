import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { ServerFrame, Transport } from '#shared/contract/transport.ts'
import type { Reply } from '#shared/errors.ts'
import { maxFrameText, readRequestFrame } from '#core/dispatch/frames.ts'
import { Emitter } from '#core/emitter.ts'
import { SecurityException } from '#core/errors.ts'
import { errorFields, type Log } from '#core/log.ts'
import { storageError } from '#core/store/storage-errors.ts'
import { readLines } from './lines.ts'
import { type LocalAddress, localAddress } from './local-address.ts'

/** Unread bytes after which a client that does not read is disconnected. */
const maxUnread = 8 * 1024 * 1024

/** Largest answer or event a client takes, in bytes. */
const maxAnswer = 64 * 1024 * 1024

/** Answers a request. `peer` names the connection. Never rejects. */
export type RequestHandler = (peer: string, name: string, input: unknown) => Promise<Reply>

export interface LocalServer {
  /** Sends an event to every client. */
  announce(event: string, payload: unknown): void
  /** Disconnects the clients and removes the socket. */
  close(): Promise<void>
}

/**
 * Serves the frames of the contract's transports (`RequestFrame`, `ServerFrame`), one JSON text a line, on a socket in
 * the data folder that only its owner can open. The caller holds the folder's lock, so a socket file that is already
 * there was left by a process that died.
 * @throws SecurityException `storage_read_only`, `storage_full`, `configuration_invalid` (path too long)
 */
export async function serveLocalSocket(parts: {
  readonly folder: string
  /** Of the socket, e.g. `control`. */
  readonly name: string
  readonly handle: RequestHandler
  readonly log: Log
}): Promise<LocalServer> {
  const { handle, log } = parts
  const address = localAddress(parts.folder, parts.name)
  const clients = new Set<Socket>()
  let connections = 0

  const serve = (socket: Socket): void => {
    const peer = `${parts.name}:${(connections += 1)}`
    clients.add(socket)
    socket.on('close', () => clients.delete(socket))
    socket.on('error', (error) => log.info('a local client broke off', { peer, ...errorFields(error) }))
    readLines(socket, maxFrameText, (line) => {
      const frame = readRequestFrame(line)
      if (frame === null) return void socket.destroy()
      void handle(peer, frame.call, frame.input).then((reply) => send(socket, { id: frame.id, reply }))
    })
  }

  const server = createServer(serve)
  try {
    if (address.file !== null) rmSync(address.file, { force: true })
    await listen(server, address)
  } catch (error) {
    address.release()
    throw storageError(error, address.file ?? address.path)
  }
  return {
    announce(event, payload) {
      for (const socket of clients) send(socket, { event, payload })
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of clients) socket.destroy()
      await closed
      address.release()
    },
  }
}

async function listen(server: Server, address: LocalAddress): Promise<void> {
  server.listen(address.path)
  await once(server, 'listening')
  if (address.file !== null) chmodSync(address.file, 0o600)
}

function send(socket: Socket, frame: unknown): void {
  if (socket.destroyed) return
  if (socket.writableLength > maxUnread) socket.destroy()
  else socket.write(`${JSON.stringify(frame)}\n`)
}

export interface LocalClient extends Transport {
  /** Settles when the connection has ended, by whichever side. */
  readonly closed: Promise<void>
  close(): void
}

/**
 * Connects to a socket that `serveLocalSocket` serves. Calls that are under way when the connection ends reject.
 * @throws SecurityException `not_found` if nobody serves it
 */
export async function connectLocalSocket(folder: string, name: string): Promise<LocalClient> {
  const address = localAddress(folder, name)
  const socket = connect(address.path)
  try {
    await once(socket, 'connect')
  } catch (error) {
    throw new SecurityException(
      'not_found',
      `Nothing is listening on the ${name} socket of this data folder.`,
      { cause: error },
    )
  } finally {
    address.release()
  }
  const events = new Emitter<Record<string, unknown>>()
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>()
  let lastId = 0

  readLines(socket, maxAnswer, (line) => {
    const frame = readServerFrame(line)
    if (frame === null) return void socket.destroy()
    if ('event' in frame) return events.emit(frame.event, frame.payload)
    waiting.get(frame.id)?.resolve(frame.reply)
    waiting.delete(frame.id)
  })
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      const ended = new SecurityException('not_found', 'The console ended before it answered.')
      for (const { reject } of waiting.values()) reject(ended)
      waiting.clear()
      resolve()
    })
  })
  socket.on('error', () => socket.destroy())
  return {
    closed,
    close: () => void socket.end(),
    call: (operation, input) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new SecurityException('not_found', 'The connection has ended.'))
        const id = (lastId += 1)
        waiting.set(id, { resolve, reject })
        socket.write(`${JSON.stringify({ id, call: operation, input })}\n`)
      }),
    on: (event, listener) => events.on(event, listener),
  }
}

/** Reads a frame of the server, which is a console of this user; null if it is none. */
function readServerFrame(line: string): ServerFrame | null {
  try {
    return JSON.parse(line) as ServerFrame
  } catch {
    return null
  }
}
