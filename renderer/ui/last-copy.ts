import { shallowRef } from 'vue'

export type CopyOutcome = 'copied' | 'failed'

const shownMilliseconds = 4000
let timer = 0

/** The copy button that was pressed last and how it went: the clipboard holds one text, so one button may say so. */
export const lastCopy = shallowRef<{ readonly button: symbol; readonly outcome: CopyOutcome } | null>(null)

/** Lets this button alone tell its outcome, for 4 s. */
export function showCopy(button: symbol, outcome: CopyOutcome): void {
  window.clearTimeout(timer)
  lastCopy.value = { button, outcome }
  timer = window.setTimeout(() => (lastCopy.value = null), shownMilliseconds)
}
