import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { useConsole } from './console.ts'

export const setupSteps = ['What you need', 'Token', 'Root CA', 'First agents'] as const

/** How far the first start has come. What the engine already has is never asked for again. */
export const useSetup = defineStore('setup', () => {
  const engineConsole = useConsole()
  const welcomed = ref(false)
  /** The root CA was made just now: the last page, on how to enrol agents, is still to be read. */
  const unfinished = ref(false)

  const step = computed(() => {
    const status = engineConsole.status
    if (!status || status.phase === 'no_token') return welcomed.value ? 1 : 0
    return status.hasAuthority ? 3 : 2
  })

  function begin(): void {
    welcomed.value = true
  }

  function authorityMade(): void {
    unfinished.value = true
  }

  function finish(): void {
    unfinished.value = false
  }

  return { step, unfinished, begin, authorityMade, finish }
})
