import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { Failure } from '#shared/errors.ts'
import { useEngine } from '../engine.ts'
import { liveCollection } from './live-collection.ts'

/** Requests of agents for a certificate. Oldest first: who waited longest is decided first. */
export const useEnrolment = defineStore('enrolment', () => {
  const { transport } = useEngine()
  const { items, state, failure, load, clear, put } = liveCollection({
    load: () => transport.call('enrolment.list', {}),
    subscribe: (listener) => transport.on('enrolment.changed', listener),
    key: (request) => request.id,
    compare: (a, b) => a.receivedAt.localeCompare(b.receivedAt),
  })
  const pending = computed(() => items.value.filter((request) => request.state === 'pending'))

  async function approve(id: string): Promise<Failure | null> {
    const reply = await transport.call('enrolment.approve', { id })
    return reply.ok ? null : reply
  }

  async function refuse(id: string, reason: string): Promise<Failure | null> {
    const reply = await transport.call('enrolment.refuse', { id, reason })
    if (reply.ok) put(reply.value)
    return reply.ok ? null : reply
  }

  return { items, state, failure, load, clear, pending, approve, refuse }
})
