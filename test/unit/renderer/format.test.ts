import { describe, expect, it } from 'vitest'
import { timelineScale } from '../../../renderer/components/timeline-scale.ts'
import { waiting } from '../../../renderer/components/waiting.ts'
import { detailFacts } from '../../../renderer/format/audit-detail.ts'
import { auditSummary } from '../../../renderer/format/audit.ts'
import { recordStatus } from '../../../renderer/format/status.ts'
import { count, grouped } from '../../../renderer/format/text.ts'
import { dayOfYear, isoClock, relative, span, stamp } from '../../../renderer/format/time.ts'
import { enrolCommand, gatewayUrl } from '../../../renderer/setup/enrol-command.ts'
import { differentFrom, pinProblem, soPinProblem } from '../../../renderer/setup/pin-rules.ts'
import { fakeRecord } from '../../support/fake-fleet.ts'

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

describe('an audit record', () => {
  const rotation = { ...fakeRecord(1, now), type: 'KEY_ROTATION' as const, severity: 'MEDIUM' as const }

  it('of a rotation that succeeded is marked as routine; one that did not keeps the mark of its severity', () => {
    expect(recordStatus({ ...rotation, detail: { success: true } })).toEqual({
      kind: 'normal',
      label: 'Medium',
    })
    expect(recordStatus({ ...rotation, detail: { success: false } }).kind).toBe('caution')
    expect(recordStatus({ ...rotation, severity: 'HIGH', detail: { success: false } }).kind).toBe('serious')
    expect(recordStatus({ ...rotation, type: 'SECURITY_VIOLATION', detail: { success: true } }).kind).toBe(
      'caution',
    )
  })

  it('is told in words, the most telling first, with the recorded value beside them', () => {
    const detail = {
      verdict: 'bad_tag',
      endedFor: 'certificate_revoked',
      keyVersion: 3,
      forwardSecrecy: true,
      notAfter: '2027-11-21T14:59:07.000Z',
      messageType: 'docking_request',
      firstBad: null,
    }
    expect(
      detailFacts({ ...rotation, detail }).map(({ label, value, recorded }) => [label, value, recorded]),
    ).toEqual([
      ['verdict', 'Altered', 'bad_tag'],
      ['message type', 'docking_request', null],
      ['ended because of', 'certificate revoked', 'certificate_revoked'],
      ['key version', '3', null],
      ['forward secrecy', 'yes', null],
      ['valid until', '2027-11-21 14:59Z', '2027-11-21T14:59:07.000Z'],
      ['first bad record', '–', null],
    ])
  })

  it('says on one line why before what, leaves out what is not there, and ends with identifiers', () => {
    const detail = { sessionId: 'a1', endedFor: null, crlNumber: 2, reason: 'keyCompromise' }
    expect(auditSummary({ ...rotation, detail })).toBe(
      'reason: key compromise · CRL number: 2 · session ID: a1',
    )
  })

  it('leaves the words of a person as they were typed', () => {
    const detail = { reason: 'Seen on host_a, dumpedKey' }
    expect(auditSummary({ ...rotation, detail })).toBe('reason: Seen on host_a, dumpedKey')
  })
})

describe('what waits in a view', () => {
  it('is as bad as its worst alarm, and a request is a caution', () => {
    const caution = { kind: 'caution', view: 'audit' } as const
    const serious = { kind: 'serious', view: 'audit' } as const
    const critical = { kind: 'critical', view: 'fleet' } as const
    expect(waiting([caution, serious, caution], 2)).toEqual({
      audit: { count: 3, worst: 'serious' },
      fleet: { count: 2, worst: 'caution' },
    })
    expect(waiting([critical], 1)).toEqual({ fleet: { count: 2, worst: 'critical' } })
    expect(waiting([], 0)).toEqual({})
  })
})
