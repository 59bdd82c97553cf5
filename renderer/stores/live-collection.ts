import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Unsubscribe } from '#shared/contract/transport.ts'
import type { Failure, Reply } from '#shared/errors.ts'
import type { LoadState } from './load-state.ts'

interface Source<Item> {
  /** Asks for the whole list. */
  load: () => Promise<Reply<Item[]>>
  /** Announces the whole new state of one item. */
  subscribe: (listener: (item: Item) => void) => Unsubscribe
  key: (item: Item) => string
  compare: (a: Item, b: Item) => number
  /** Most items kept; the last in order are dropped. */
  limit?: number
}

export interface LiveCollection<Item> {
  readonly items: ComputedRef<Item[]>
  readonly state: Ref<LoadState>
  readonly failure: ShallowRef<Failure | null>
  readonly load: () => Promise<void>
  readonly clear: () => void
  readonly put: (item: Item) => void
}

/**
 * A list that is asked for once and kept current by events. What is announced while the list is on its way is newer
 * than the list, so it is kept and laid over it.
 */
export function liveCollection<Item>(source: Source<Item>): LiveCollection<Item> {
  const byKey = shallowRef<ReadonlyMap<string, Item>>(new Map())
  const state = ref<LoadState>('idle')
  const failure = shallowRef<Failure | null>(null)
  const items = computed(() => [...byKey.value.values()])
  let question = 0
  let announced: Item[] = []

  function replace(list: Iterable<Item>): void {
    const sorted = [...list].sort(source.compare).slice(0, source.limit)
    byKey.value = new Map(sorted.map((item) => [source.key(item), item]))
  }

  function put(item: Item): void {
    if (state.value === 'loading') announced.push(item)
    replace(new Map(byKey.value).set(source.key(item), item).values())
  }

  async function load(): Promise<void> {
    const mine = ++question
    state.value = 'loading'
    announced = []
    const reply = await source.load()
    if (mine !== question) return
    if (reply.ok) {
      replace(new Map([...reply.value, ...announced].map((item) => [source.key(item), item])).values())
      failure.value = null
      state.value = 'ready'
    } else {
      failure.value = reply
      state.value = 'failed'
    }
    announced = []
  }

  function clear(): void {
    question++
    announced = []
    byKey.value = new Map()
    failure.value = null
    state.value = 'idle'
  }

  source.subscribe((item) => {
    if (state.value === 'loading' || state.value === 'ready') put(item)
  })
  return { items, state, failure, load, clear, put }
}
