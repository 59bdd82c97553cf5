import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { AuditRecord, AuditType } from '#shared/model/audit.ts'
import { RefusalVerdict, refusalMeaning } from '#shared/model/session.ts'
import { useEngine } from '../engine.ts'
import { auditTitle } from '../format/audit.ts'
import { severityOrder, severityStatus } from '../format/status.ts'
import { sentence, spoken } from '../format/text.ts'
import { alarmRank, type Alarm, type AlarmKind } from './alarm.ts'
import { standingAlarms } from './standing-alarms.ts'
import { useClock } from './clock.ts'
import { useConsole } from './console.ts'
import { useRotation } from './rotation.ts'

/** What others did to the fleet. The operator's own acts are no news to the operator. */
const alarming: ReadonlySet<AuditType> = new Set<AuditType>([
  'AUTHENTICATION_FAILURE',
  'SECURITY_VIOLATION',
  'CONNECTION_REFUSED',
  'MESSAGE_REFUSED',
  'FRAME_REFUSED',
])

/** Whom it is about; of a message, who sent it and who refused it. */
function about({ type, actor, subject }: AuditRecord): string {
  return type === 'MESSAGE_REFUSED' ? `${subject} → ${actor}` : subject
}

/** Alarms that nobody has acknowledged yet, worst first. */
export const useAlarms = defineStore('alarms', () => {
  const { transport } = useEngine()
  const engineConsole = useConsole()
  const rotation = useRotation()
  const clock = useClock()
  const raised = ref<ReadonlyMap<string, Alarm>>(new Map())
  const acknowledged = ref<ReadonlySet<string>>(new Set())

  function raise(record: AuditRecord): void {
    const medium = severityOrder.indexOf(record.severity) >= severityOrder.indexOf('MEDIUM')
    if (!alarming.has(record.type) || !medium) return
    const { verdict, reason, code } = record.detail
    const cause = String(verdict ?? reason ?? code ?? '')
    const id = [record.type, record.actor, record.subject, cause].join('|')
    const count = (raised.value.get(id)?.count ?? 0) + 1
    const kind = severityStatus[record.severity].kind as AlarmKind
    const refusal = RefusalVerdict.safeParse(verdict)
    const detail = refusal.success ? refusalMeaning[refusal.data].title : sentence(spoken(cause))
    const alarm: Alarm = {
      id,
      kind,
      title: `${auditTitle(record.type)}: ${about(record)}`,
      detail,
      count,
      view: 'audit',
    }
    raised.value = new Map(raised.value).set(id, alarm)
  }

  const standing = computed(() => standingAlarms(engineConsole.status, rotation.upcoming, clock.now))
  const active = computed(() =>
    [...standing.value, ...raised.value.values()]
      .filter((alarm) => !acknowledged.value.has(alarm.id))
      .sort((a, b) => alarmRank[a.kind] - alarmRank[b.kind]),
  )

  /** A raised alarm is done with; a standing one stays silent until its condition has gone and comes back. */
  function acknowledge(id: string): void {
    const rest = new Map(raised.value)
    if (rest.delete(id)) raised.value = rest
    else acknowledged.value = new Set(acknowledged.value).add(id)
  }

  function forgetEnded(): void {
    const current = new Set(standing.value.map((alarm) => alarm.id))
    acknowledged.value = new Set([...acknowledged.value].filter((id) => current.has(id)))
  }

  function clear(): void {
    raised.value = new Map()
    acknowledged.value = new Set()
  }

  transport.on('audit.appended', raise)
  return { active, acknowledge, forgetEnded, standing, clear }
})
