import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import type { Failure, Reply } from '#shared/errors.ts'
import type { LoadState } from './load-state.ts'

export interface Resource<Value> {
  readonly value: ShallowRef<Value | null>
  readonly state: Ref<LoadState>
  readonly failure: ShallowRef<Failure | null>
  readonly load: () => Promise<void>
  readonly clear: () => void
}

/** One value of the engine that is asked for as a whole. A late answer to an earlier question is dropped. */
export function resource<Value>(ask: () => Promise<Reply<Value>>): Resource<Value> {
  const value = shallowRef<Value | null>(null)
  const state = ref<LoadState>('idle')
  const failure = shallowRef<Failure | null>(null)
  let question = 0

  async function load(): Promise<void> {
    const mine = ++question
    state.value = 'loading'
    const reply = await ask()
    if (mine !== question) return
    if (reply.ok) {
      value.value = reply.value
      failure.value = null
      state.value = 'ready'
    } else {
      failure.value = reply
      state.value = 'failed'
    }
  }

  function clear(): void {
    question++
    value.value = null
    failure.value = null
    state.value = 'idle'
  }

  return { value, state, failure, load, clear }
}
