import { defineStore } from 'pinia'
import { ref } from 'vue'

/** The time that the screen shows, one step a second, on the second. Epoch milliseconds. */
export const useClock = defineStore('clock', () => {
  const now = ref(Date.now())

  function tick(): void {
    now.value = Date.now()
    window.setTimeout(tick, 1000 - (now.value % 1000))
  }

  return { now, start: tick }
})
