import { describe, expect, test, vi } from 'vitest'
import { EventFeed } from '#core/dispatch/feed.ts'
import { silentLog } from '#core/log.ts'
import { sampleEvents } from '../../support/contract-samples.ts'

describe('the event feed', () => {
  const agent = sampleEvents['fleet.changed']

  test('does not keep what was withheld for later', () => {
    let signedIn = false
    const feed = new EventFeed({ signedIn: () => signedIn, log: silentLog })
    const seen = vi.fn()
    feed.subscribe(seen)
    feed.publish('fleet.changed', agent)
    signedIn = true
    expect(seen).not.toHaveBeenCalled()
    feed.publish('fleet.changed', agent)
    expect(seen.mock.calls).toEqual([['fleet.changed', agent]])
  })

  test('hands over what the schema made, not the engine’s own object', () => {
    const feed = new EventFeed({ signedIn: () => true, log: silentLog })
    const seen = vi.fn()
    feed.subscribe(seen)
    feed.publish('fleet.changed', agent)
    expect(seen.mock.calls[0]?.[1]).not.toBe(agent)
  })

  test('a listener that fails keeps nobody else from hearing, and is logged', () => {
    const error = vi.fn()
    const feed = new EventFeed({ signedIn: () => true, log: { ...silentLog, error } })
    const seen = vi.fn()
    feed.subscribe(() => {
      throw new Error('gone')
    })
    feed.subscribe(seen)
    feed.publish('fleet.changed', agent)
    expect(seen).toHaveBeenCalledOnce()
    expect(error).toHaveBeenCalledOnce()
  })

  test('a payload that does not fit names its fields in the log, not their values', () => {
    const error = vi.fn()
    const feed = new EventFeed({ signedIn: () => true, log: { ...silentLog, error } })
    const seen = vi.fn()
    feed.subscribe(seen)
    feed.publish('fleet.changed', { ...agent, agentId: 'NOT an id' })
    expect(seen).not.toHaveBeenCalled()
    expect(error).toHaveBeenCalledWith(expect.any(String), {
      event: 'fleet.changed',
      issues: 'agentId: invalid_format',
    })
  })

  test('one function subscribed twice is told twice and taken back once', () => {
    const feed = new EventFeed({ signedIn: () => true, log: silentLog })
    const seen = vi.fn()
    const stop = feed.subscribe(seen)
    feed.subscribe(seen)
    stop()
    feed.publish('fleet.changed', agent)
    expect(seen).toHaveBeenCalledOnce()
  })
})
