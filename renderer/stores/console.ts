import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { InputOf } from '#shared/contract/operations.ts'
import type { Failure, Reply } from '#shared/errors.ts'
import type { AuditVerification, ConsoleStatus } from '#shared/model/console.ts'
import { type ConnectionState, useEngine } from '../engine.ts'

/** The console's own state: who is signed in, the token, the gateway; and whether the engine answers at all. */
export const useConsole = defineStore('console', () => {
  const { transport, connection } = useEngine()
  const status = shallowRef<ConsoleStatus | null>(null)
  const failure = shallowRef<Failure | null>(null)
  const connected = ref<ConnectionState>(connection.state)
  const signedIn = computed(() => status.value?.phase === 'signed_in')
  /** True once what the screen shows can be trusted to be current. */
  const live = computed(() => signedIn.value && connected.value === 'open')

  async function load(): Promise<void> {
    take(await transport.call('console.status', {}))
  }

  /** Shows the status that an act answers with; the act's failure belongs to the form that asked for it. */
  function take(reply: Reply<ConsoleStatus>): Failure | null {
    failure.value = null
    if (reply.ok) {
      status.value = reply.value
      return null
    }
    if (!status.value) failure.value = reply
    return reply
  }

  /** A refused PIN changes the tries that are left, so the status is read again before the refusal is shown. */
  async function proved(reply: Reply<ConsoleStatus>): Promise<Failure | null> {
    const refused = take(reply)
    if (refused) await load()
    return refused
  }

  const signIn = async (pin: string) => proved(await transport.call('access.signIn', { pin }))
  const signOut = async () => take(await transport.call('access.signOut', {}))
  const lock = async () => take(await transport.call('access.lock', {}))
  const createToken = async (input: InputOf<'token.create'>) =>
    take(await transport.call('token.create', input))
  const unblock = async (input: InputOf<'token.unblock'>) =>
    proved(await transport.call('token.unblock', input))

  async function changePin(input: InputOf<'token.changePin'>): Promise<Failure | null> {
    const reply = await transport.call('token.changePin', input)
    return reply.ok ? null : reply
  }

  /** What a verification of the audit chain found just now. */
  function verified(audit: AuditVerification): void {
    if (status.value) status.value = { ...status.value, audit }
  }

  function start(): void {
    transport.on('console.status', (next) => (status.value = next))
    connection.onChange((state) => {
      connected.value = state
      if (state === 'open') void load()
    })
    if (connection.state === 'open') void load()
  }

  return {
    status,
    failure,
    connected,
    signedIn,
    live,
    start,
    load,
    signIn,
    signOut,
    lock,
    createToken,
    unblock,
    changePin,
    verified,
  }
})
