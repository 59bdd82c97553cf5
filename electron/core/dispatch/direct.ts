import type { Transport } from '#shared/contract/transport.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { EventFeed } from './feed.ts'

/** The contract without a wire: for callers in the engine's own process. `peer` names the caller to the rate limit. */
export function directTransport(dispatcher: Dispatcher, feed: EventFeed, peer: string): Transport {
  return {
    call: (name, input) => dispatcher.call(peer, name, input),
    on: (event, listener) =>
      feed.subscribe((name, payload) => {
        if (name === event) listener(payload)
      }),
  }
}
