import { defineStore } from 'pinia'
import { useEngine } from '../engine.ts'
import { liveCollection } from './live-collection.ts'

const length = 100

/** The newest audit records, for the rail at the right. */
export const useAuditTail = defineStore('audit-tail', () => {
  const { transport } = useEngine()
  const { items, state, failure, load, clear } = liveCollection({
    load: async () => {
      const reply = await transport.call('audit.list', { limit: length, filter: {} })
      return reply.ok ? { ok: true, value: reply.value.records } : reply
    },
    subscribe: (listener) => transport.on('audit.appended', listener),
    key: (record) => String(record.sequence),
    compare: (a, b) => b.sequence - a.sequence,
    limit: length,
  })
  return { items, state, failure, load, clear }
})
