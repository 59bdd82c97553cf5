import { describe, expect, it } from 'vitest'
import { timelineScale } from '../../../renderer/components/timeline-scale.ts'
import { count, grouped } from '../../../renderer/format/text.ts'
import { dayOfYear, isoClock, relative, span, stamp } from '../../../renderer/format/time.ts'
import { enrolCommand, gatewayUrl } from '../../../renderer/setup/enrol-command.ts'
import { differentFrom, pinProblem, soPinProblem } from '../../../renderer/setup/pin-rules.ts'

const now = Date.parse('2026-11-21T14:59:07.000Z')

describe('times', () => {
  it('count the day of the year in UTC, also in a leap year', () => {
    expect(dayOfYear(Date.parse('2026-01-01T00:00:00.000Z'))).toBe('001')
    expect(dayOfYear(now)).toBe('325')
    expect(dayOfYear(Date.parse('2028-12-31T23:59:59.000Z'))).toBe('366')
  })

  it('leave out only what is the same as now', () => {
    expect(isoClock(now)).toBe('14:59:07Z')
    expect(stamp('2026-11-21T00:00:01.000Z', now)).toBe('00:00:01Z')
    expect(stamp('2026-11-20T23:59:59.000Z', now)).toBe('11-20 23:59:59Z')
    expect(stamp('2025-11-21T14:59:07.000Z', now)).toBe('2025-11-21 14:59Z')
  })

  it('are given in their two largest units', () => {
    expect(span(9_400)).toBe('9 s')
    expect(span(252_000)).toBe('4 min 12 s')
    expect(span(7_620_000)).toBe('2 h 07 min')
    expect(span(273_600_000)).toBe('3 d 04 h')
    expect(relative('2026-11-21T14:58:07.000Z', now)).toBe('1 min 00 s ago')
    expect(relative('2026-11-21T14:59:12.000Z', now)).toBe('in 5 s')
    expect(relative(new Date(now + 900).toISOString(), now)).toBe('now')
  })
})

describe('numbers and digits', () => {
  it('are grouped so that they can be compared', () => {
    expect(grouped('0123456789abcdef')).toBe('0123 4567 89ab cdef')
    expect(count(1_204_322)).toBe('1\u202f204\u202f322')
    expect(count(999)).toBe('999')
  })
})

describe('the timeline', () => {
  it('keeps what lies outside at its edges', () => {
    const scale = timelineScale(0, 600_000, 300)
    expect(scale.position(300_000)).toBe(150)
    expect(scale.position(-1)).toBe(0)
    expect(scale.position(700_000)).toBe(300)
  })

  it('labels round instants, no more than wanted', () => {
    const ticks = timelineScale(
      Date.parse('2026-11-21T14:56:31.000Z'),
      Date.parse('2026-11-21T15:04:31.000Z'),
      600,
    ).ticks(5)
    expect(ticks.map((tick) => isoClock(tick))).toEqual(['14:58:00Z', '15:00:00Z', '15:02:00Z', '15:04:00Z'])
  })
})

describe('PIN rules', () => {
  it('say early what the token would refuse', () => {
    expect(pinProblem('')).toBe('')
    expect(pinProblem('12345')).toContain('At least 6')
    expect(pinProblem('123456')).toBe('')
    expect(pinProblem('x'.repeat(65))).toContain('At most 64')
    expect(soPinProblem('1234567', 'other-pin')).toContain('At least 8')
    expect(soPinProblem('same-pin-1', 'same-pin-1')).toContain('differ')
  })

  it('wait with the comparison until the second typing is as long', () => {
    expect(differentFrom('abcdef', 'abc')).toBe('')
    expect(differentFrom('abcdef', 'abcdeg')).not.toBe('')
    expect(differentFrom('abcdef', 'abcdef')).toBe('')
  })
})

describe('the enrol command', () => {
  it('names the gateway as it can be typed, an IPv6 address in brackets', () => {
    const gateway = {
      state: 'listening' as const,
      host: '::1',
      port: 7443,
      connectedAgents: 0,
      problem: null,
    }
    expect(gatewayUrl(gateway)).toBe('https://[::1]:7443')
    expect(
      enrolCommand({ agentId: 'chaser-001', profile: 'spacecraft' }, gateway, 'ab'.repeat(32)).join(' '),
    ).toBe(
      `npm run -s groundlock -- agent enrol --name chaser-001 --profile spacecraft --data-dir ./chaser-001 --gateway https://[::1]:7443 --fingerprint ${'ab'.repeat(32)}`,
    )
  })
})
