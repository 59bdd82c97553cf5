import { defineStore } from 'pinia'
import type { InputOf } from '#shared/contract/operations.ts'
import type { Failure } from '#shared/errors.ts'
import type { AuditType } from '#shared/model/audit.ts'
import { useEngine } from '../engine.ts'
import { resource } from './resource.ts'

const issues: ReadonlySet<AuditType> = new Set<AuditType>(['CERTIFICATE_ISSUED', 'CRL_ISSUED'])

/** The fleet's root CA: its certificate, its key's protection and its revocation list. */
export const useAuthority = defineStore('authority', () => {
  const { transport } = useEngine()
  const { value, state, failure, load, clear } = resource(() => transport.call('authority.read', {}))

  async function create(input: InputOf<'authority.create'>): Promise<Failure | null> {
    const reply = await transport.call('authority.create', input)
    if (!reply.ok) return reply
    value.value = reply.value
    state.value = 'ready'
    return null
  }

  // No event carries the authority, so it is read again when the log says that it issued something.
  transport.on('audit.appended', ({ type }) => {
    if (state.value !== 'idle' && issues.has(type)) void load()
  })

  return { value, state, failure, load, clear, create }
})
