import { alarmRank, type Alarm, type AlarmKind } from '../stores/alarm.ts'
import type { ViewName } from '../stores/navigation.ts'

export interface Waiting {
  readonly count: number
  readonly worst: AlarmKind
}

/** What waits for the operator in each view: how much, and how bad the worst of it is. A request is a caution. */
export function waiting(
  alarms: readonly Pick<Alarm, 'kind' | 'view'>[],
  pendingRequests: number,
): Partial<Record<ViewName, Waiting>> {
  const result: Partial<Record<ViewName, Waiting>> = {}
  const add = (view: ViewName, kind: AlarmKind, count: number): void => {
    const known = result[view] ?? { count: 0, worst: kind }
    const worst = alarmRank[kind] < alarmRank[known.worst] ? kind : known.worst
    result[view] = { count: known.count + count, worst }
  }
  for (const { view, kind } of alarms) add(view, kind, 1)
  if (pendingRequests > 0) add('fleet', 'caution', pendingRequests)
  return result
}
