import type { Ref } from 'vue'

const inputs = ['keydown', 'pointerdown', 'pointermove', 'wheel'] as const

/**
 * Tells the engine that the operator is at the keyboard, so that the idle lock waits. At most once in a tenth of the
 * lock's time, and never when there is no idle lock. Returns how to stop.
 */
export function presence(target: EventTarget, idleLockSeconds: Ref<number>, touch: () => void): () => void {
  let last = -Infinity

  function onInput(event: Event): void {
    const quiet = (idleLockSeconds.value * 1000) / 10
    if (idleLockSeconds.value === 0 || event.timeStamp - last < quiet) return
    last = event.timeStamp
    touch()
  }

  for (const input of inputs) target.addEventListener(input, onInput, { passive: true })
  return () => {
    for (const input of inputs) target.removeEventListener(input, onInput)
  }
}
