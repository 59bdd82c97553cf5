import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Failure } from '#shared/errors.ts'
import type { RotationEntry } from '#shared/model/session.ts'
import { useEngine } from '../engine.ts'
import { liveCollection } from './live-collection.ts'

/** The secure sessions. Open ones first, then the latest closed ones. */
export const useSessions = defineStore('sessions', () => {
  const { transport } = useEngine()
  const { items, state, failure, load, clear } = liveCollection({
    load: () => transport.call('session.list', {}),
    subscribe: (listener) => transport.on('session.changed', listener),
    key: (session) => session.sessionId,
    compare: (a, b) =>
      Number(a.state === 'closed') - Number(b.state === 'closed') ||
      (a.closedAt && b.closedAt
        ? b.closedAt.localeCompare(a.closedAt)
        : a.initiator.localeCompare(b.initiator) || a.responder.localeCompare(b.responder)),
    limit: 500,
  })
  const open = computed(() => items.value.filter((session) => session.state !== 'closed'))
  /** Sessions whose rotation was asked for here and is not answered yet. */
  const rotating = ref<ReadonlySet<string>>(new Set())
  const rotatingAll = ref(false)

  async function rotate(sessionId: string): Promise<Failure | RotationEntry> {
    rotating.value = new Set(rotating.value).add(sessionId)
    const reply = await transport.call('session.rotate', { sessionId })
    rotating.value = new Set([...rotating.value].filter((id) => id !== sessionId))
    return reply.ok ? reply.value : reply
  }

  async function rotateAll(): Promise<Failure | RotationEntry[]> {
    rotatingAll.value = true
    const reply = await transport.call('session.rotateAll', {})
    rotatingAll.value = false
    return reply.ok ? reply.value : reply
  }

  return { items, state, failure, load, clear, open, rotating, rotatingAll, rotate, rotateAll }
})
