import { defineStore } from 'pinia'
import { useEngine } from '../engine.ts'
import { liveCollection } from './live-collection.ts'

/** The envelopes of recent messages, newest first. */
export const useTraffic = defineStore('traffic', () => {
  const { transport } = useEngine()
  const { items, state, failure, load, clear } = liveCollection({
    load: () => transport.call('session.traffic', {}),
    subscribe: (listener) => transport.on('session.traffic', listener),
    // One message may be reported by several observers, and refused again each time it is replayed.
    key: (entry) =>
      [entry.time, entry.sessionId, entry.sender, entry.sequence, entry.observer, entry.verdict ?? ''].join(
        '|',
      ),
    compare: (a, b) => b.time.localeCompare(a.time) || b.sequence - a.sequence,
    limit: 500,
  })
  return { items, state, failure, load, clear }
})
