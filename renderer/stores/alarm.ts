import type { StatusKind } from '../format/status.ts'
import type { ViewName } from './navigation.ts'

export type AlarmKind = Extract<StatusKind, 'caution' | 'serious' | 'critical'>

/** Worst first. */
export const alarmRank: Record<AlarmKind, number> = { critical: 0, serious: 1, caution: 2 }

export interface Alarm {
  /** The condition; the same condition never makes two alarms. */
  readonly id: string
  readonly kind: AlarmKind
  readonly title: string
  readonly detail: string
  readonly count: number
  /** Where to look. */
  readonly view: ViewName
}
