import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { SessionView } from '#shared/model/session.ts'
import { useEngine } from '../engine.ts'
import { resource } from './resource.ts'

const longestHistory = 200

/**
 * When keys rotate next and how it went before. The engine announces sessions and rotations, not the schedule, so the
 * schedule is asked for again when one of those moved a due time; never on a timer.
 */
export const useRotation = defineStore('rotation', () => {
  const { transport } = useEngine()
  const { value, state, failure, load, clear } = resource(() => transport.call('rotation.schedule', {}))
  const upcoming = computed(() => value.value?.upcoming ?? [])
  const history = computed(() => value.value?.history ?? [])

  /** True when the schedule on screen does not say what the session now says. */
  function moved(session: SessionView): boolean {
    const known = upcoming.value.find((entry) => entry.sessionId === session.sessionId)
    if (session.state === 'closed') return known !== undefined
    return known ? known.keyVersion !== session.keyVersion : session.nextRotationAt !== null
  }

  let asked = 0

  /** Asks once more, however many events arrive while the answer is on its way. */
  async function refresh(): Promise<void> {
    if (state.value === 'idle') return
    asked++
    if (state.value === 'loading') return
    let answered: number
    do {
      answered = asked
      await load()
    } while (answered !== asked)
  }

  transport.on('rotation.happened', (entry) => {
    const schedule = value.value
    if (!schedule) return
    value.value = { ...schedule, history: [entry, ...schedule.history].slice(0, longestHistory) }
    void refresh()
  })
  transport.on('session.changed', (session) => {
    if (moved(session)) void refresh()
  })

  return { value, state, failure, load, clear, upcoming, history }
})
