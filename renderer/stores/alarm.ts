import type { StatusKind } from '../format/status.ts'
import type { ViewName } from './navigation.ts'

export interface Alarm {
  /** The condition; the same condition never makes two alarms. */
  readonly id: string
  readonly kind: Extract<StatusKind, 'caution' | 'serious' | 'critical'>
  readonly title: string
  readonly detail: string
  readonly count: number
  /** Where to look. */
  readonly view: ViewName
}
