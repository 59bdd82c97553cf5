import { describe, expect, it } from 'vitest'
import { answerDocking } from '#core/agent/docking.ts'

const request = {
  type: 'docking_request',
  position: [10, 5, 0],
  velocity: [-0.1, -0.05, 0],
  approach_vector: [1, 0, 0],
  estimated_contact_time: 1_800_000_000,
}

describe('an answer to a docking request', () => {
  it('approves a safe approach to a free port, at the time that was asked for', () => {
    expect(answerDocking(request, 'port-alpha')).toEqual({
      type: 'docking_response',
      approved: true,
      docking_port: 'port-alpha',
      final_approach_time: 1_800_000_000,
    })
  })

  it('is none to another message', () => {
    expect(answerDocking({ type: 'telemetry' }, 'port-alpha')).toBe(null)
    expect(answerDocking({ type: 'docking_response', approved: true }, 'port-alpha')).toBe(null)
  })

  it.each([
    ['no free port', request, null, /No docking port is free/],
    ['too fast', { ...request, velocity: [0.5, 0.1, 0] }, 'port-alpha', /0\.51 m\/s; at most 0\.5 m\/s/],
    ['fast backwards', { ...request, velocity: [0, 0, -9] }, 'port-alpha', /9\.00 m\/s/],
    ['a vector of two numbers', { ...request, position: [1, 2] }, 'port-alpha', /position/],
    ['a text for a number', { ...request, velocity: ['1', 0, 0] }, 'port-alpha', /velocity/],
    [
      'two things at once',
      { type: 'docking_request', position: [1, 2, 3] },
      'port-alpha',
      /velocity, approach_vector, estimated_contact_time/,
    ],
    ['no time', { ...request, estimated_contact_time: undefined }, 'port-alpha', /estimated_contact_time/],
    ['a time before all', { ...request, estimated_contact_time: -1 }, 'port-alpha', /estimated_contact_time/],
  ])('refuses with the reason: %s', (_, message, port, reason) => {
    const answer = answerDocking(message, port)
    expect(answer).toMatchObject({ approved: false, docking_port: null, final_approach_time: null })
    expect(answer?.['reason']).toMatch(reason)
  })

  it('approves at exactly the highest safe speed', () => {
    expect(answerDocking({ ...request, velocity: [0.3, 0.4, 0] }, 'port-alpha')).toMatchObject({
      approved: true,
    })
  })
})
