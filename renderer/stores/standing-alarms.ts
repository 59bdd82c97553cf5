import type { ConsoleStatus } from '#shared/model/console.ts'
import type { RotationSchedule } from '#shared/model/session.ts'
import { minute, span } from '../format/time.ts'
import type { Alarm } from './alarm.ts'

const warnBeforeExpiry = 30 * 86_400_000

/** The alarms whose condition holds right now. Pure: the same state gives the same alarms. */
export function standingAlarms(
  status: ConsoleStatus | null,
  upcoming: RotationSchedule['upcoming'],
  now: number,
): Alarm[] {
  if (status?.phase !== 'signed_in') return []
  const alarms: Alarm[] = []
  const add = (alarm: Omit<Alarm, 'count'>): number => alarms.push({ ...alarm, count: 1 })

  if (status.gateway.state === 'failed') {
    const detail = status.gateway.problem ?? 'No agent can connect.'
    add({ id: 'gateway-failed', kind: 'critical', title: 'Gateway is down', detail, view: 'settings' })
  }
  if (status.audit && !status.audit.intact) {
    const detail = status.audit.problem ?? 'Keep the data folder as it is and compare it with a backup.'
    const title = `Audit log was altered at record ${status.audit.firstBad ?? 'unknown'}`
    add({ id: 'audit-broken', kind: 'critical', title, detail, view: 'audit' })
  }
  if (status.authorityExpiresAt) {
    const left = Date.parse(status.authorityExpiresAt) - now
    if (left < warnBeforeExpiry) {
      const title = left > 0 ? `Root CA expires in ${span(left)}` : 'Root CA has expired'
      const detail = `Valid until ${minute(status.authorityExpiresAt)}. Nothing can be issued after that.`
      add({ id: 'authority-expiry', kind: left > 0 ? 'serious' : 'critical', title, detail, view: 'fleet' })
    }
  }
  const overdue = upcoming.filter((entry) => entry.state === 'overdue')
  if (overdue.length > 0) {
    const detail = overdue.map((entry) => entry.peers.join(' – ')).join(', ')
    const title = `Key rotation overdue: ${overdue.length}`
    add({ id: 'rotation-overdue', kind: 'serious', title, detail, view: 'rotation' })
  }
  return alarms
}
