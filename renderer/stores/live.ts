import { defineStore } from 'pinia'
import { watch } from 'vue'
import { useAuditLog } from './audit-log.ts'
import { useAuditTail } from './audit-tail.ts'
import { useAuthority } from './authority.ts'
import { useConsole } from './console.ts'
import { useEnrolment } from './enrolment.ts'
import { useFleet } from './fleet.ts'
import { useRotation } from './rotation.ts'
import { useSessions } from './sessions.ts'
import { useSettings } from './settings.ts'
import { useTraffic } from './traffic.ts'

/**
 * Fills every list once after a sign-in and once after the connection to the engine came back, and empties them when
 * nobody is signed in. In between, events keep them current.
 */
export const useLive = defineStore('live', () => {
  const engineConsole = useConsole()
  const stores = [
    useAuthority(),
    useFleet(),
    useEnrolment(),
    useSessions(),
    useTraffic(),
    useRotation(),
    useAuditTail(),
    useAuditLog(),
    useSettings(),
  ]

  function start(): void {
    watch(
      () => engineConsole.live,
      (live) => {
        if (live) for (const store of stores) void store.load()
      },
      { immediate: true },
    )
    watch(
      () => engineConsole.signedIn,
      (signedIn) => {
        if (!signedIn) for (const store of stores) store.clear()
      },
    )
  }

  return { start }
})
