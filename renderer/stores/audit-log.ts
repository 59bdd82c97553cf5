import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { InputOf } from '#shared/contract/operations.ts'
import type { Failure } from '#shared/errors.ts'
import type { AuditFilter, AuditRecord } from '#shared/model/audit.ts'
import { useEngine } from '../engine.ts'
import { severityOrder } from '../format/status.ts'
import { useConsole } from './console.ts'
import type { LoadState } from './load-state.ts'

const page = 200

/** True when the record passes the filter, as the engine would judge it. */
export function matches(record: AuditRecord, filter: AuditFilter): boolean {
  if (filter.types && !filter.types.includes(record.type)) return false
  if (filter.minimumSeverity) {
    if (severityOrder.indexOf(record.severity) < severityOrder.indexOf(filter.minimumSeverity)) return false
  }
  if (!filter.text) return true
  const text = filter.text.toLowerCase()
  return [record.actor, record.subject, JSON.stringify(record.detail)].some((part) =>
    part.toLowerCase().includes(text),
  )
}

/** The audit log as the operator filters and reads it: pages of the past, and what is appended now. */
export const useAuditLog = defineStore('audit-log', () => {
  const { transport } = useEngine()
  const engineConsole = useConsole()
  const records = shallowRef<readonly AuditRecord[]>([])
  const total = ref(0)
  const filter = shallowRef<AuditFilter>({})
  const state = ref<LoadState>('idle')
  const failure = shallowRef<Failure | null>(null)
  const verifying = ref(false)
  const complete = computed(() => records.value.length >= total.value)
  let question = 0

  async function ask(before: number | undefined): Promise<void> {
    const mine = ++question
    state.value = 'loading'
    const input: InputOf<'audit.list'> = { limit: page, filter: filter.value }
    if (before !== undefined) input.before = before
    const reply = await transport.call('audit.list', input)
    if (mine !== question) return
    failure.value = reply.ok ? null : reply
    state.value = reply.ok ? 'ready' : 'failed'
    if (!reply.ok) return
    // What was appended while the page was on its way is already at the top.
    const older = reply.value.records.filter(
      (record) => !records.value.some((known) => known.sequence === record.sequence),
    )
    records.value = [...records.value, ...older].sort((a, b) => b.sequence - a.sequence)
    total.value = Math.max(reply.value.total, records.value.length)
  }

  function load(): Promise<void> {
    records.value = []
    total.value = 0
    return ask(undefined)
  }

  function apply(next: AuditFilter): Promise<void> {
    filter.value = next
    return load()
  }

  function loadOlder(): Promise<void> {
    const oldest = records.value.at(-1)
    if (!oldest || complete.value || state.value === 'loading') return Promise.resolve()
    return ask(oldest.sequence)
  }

  async function verify(): Promise<Failure | null> {
    verifying.value = true
    const reply = await transport.call('audit.verify', {})
    verifying.value = false
    if (reply.ok) engineConsole.verified(reply.value)
    return reply.ok ? null : reply
  }

  function clear(): void {
    question++
    records.value = []
    total.value = 0
    state.value = 'idle'
    failure.value = null
  }

  transport.on('audit.appended', (record) => {
    const waiting = state.value === 'idle' || state.value === 'failed'
    if (waiting || !matches(record, filter.value)) return
    if (records.value.some((known) => known.sequence === record.sequence)) return
    records.value = [record, ...records.value]
    total.value++
  })

  return {
    records,
    total,
    filter,
    state,
    failure,
    verifying,
    complete,
    load,
    apply,
    loadOlder,
    verify,
    clear,
  }
})
