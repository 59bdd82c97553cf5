import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { InputOf } from '#shared/contract/operations.ts'
import type { Failure } from '#shared/errors.ts'
import type { TrustVerdict } from '#shared/model/fleet.ts'
import { useEngine } from '../engine.ts'
import { trustOrder } from '../format/status.ts'
import { liveCollection } from './live-collection.ts'

/** The agents and why each is trusted or not. Worst first. */
export const useFleet = defineStore('fleet', () => {
  const { transport } = useEngine()
  const { items, state, failure, load, clear, put } = liveCollection({
    load: () => transport.call('fleet.list', {}),
    subscribe: (listener) => transport.on('fleet.changed', listener),
    key: (agent) => agent.agentId,
    compare: (a, b) =>
      trustOrder.indexOf(a.verdict) - trustOrder.indexOf(b.verdict) || a.agentId.localeCompare(b.agentId),
  })
  const selectedId = ref<string | null>(null)
  const selected = computed(() => items.value.find((agent) => agent.agentId === selectedId.value) ?? null)
  const counts = computed(() => {
    const result: Record<TrustVerdict, number> = { trusted: 0, caution: 0, untrusted: 0, compromised: 0 }
    for (const agent of items.value) result[agent.verdict]++
    return result
  })
  /** The agents that reach this console over the network: all but the console itself. */
  const remote = computed(() => items.value.filter((agent) => !agent.isConsole))
  const connected = computed(() => remote.value.filter((agent) => agent.connected).length)

  async function declareCompromised(input: InputOf<'fleet.declareCompromised'>): Promise<Failure | null> {
    const reply = await transport.call('fleet.declareCompromised', input)
    if (reply.ok) put(reply.value)
    return reply.ok ? null : reply
  }

  return {
    items,
    state,
    failure,
    load,
    clear,
    selectedId,
    selected,
    counts,
    remote,
    connected,
    declareCompromised,
  }
})
