import type { Reply } from '../errors.ts'
import type { EventName, EventOf } from './events.ts'
import type { InputOf, OperationName, OutputOf } from './operations.ts'

export type Unsubscribe = () => void

/** What carries the contract: Electron's bridge, a WebSocket, or a direct call. It has no other members. */
export interface Transport {
  call(name: string, input: unknown): Promise<Reply>
  on(event: string, listener: (payload: unknown) => void): Unsubscribe
}

/** A transport with the contract's types. */
export interface TypedTransport {
  call<Name extends OperationName>(name: Name, input: InputOf<Name>): Promise<Reply<OutputOf<Name>>>
  on<Name extends EventName>(event: Name, listener: (payload: EventOf<Name>) => void): Unsubscribe
}

/** Gives a transport the contract's types. The engine has parsed what comes out of it, so it is not parsed twice. */
export function typed(transport: Transport): TypedTransport {
  return transport as TypedTransport
}

/** Frames of the WebSocket and local-socket adapters, one JSON text each. */
export type RequestFrame = { readonly id: number; readonly call: string; readonly input: unknown }
export type ServerFrame =
  { readonly id: number; readonly reply: Reply } | { readonly event: EventName; readonly payload: unknown }

/** Largest request a transport takes, in bytes of JSON text. */
export const maxRequestBytes = 64 * 1024
