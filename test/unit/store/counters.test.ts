import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { SequenceCounters } from '#core/store/counters.ts'
import { Database } from '#core/store/database.ts'
import { agentMigrations } from '#core/store/migrations.ts'
import { temporaryFolder } from '../../support/folder.ts'

let file: string

beforeEach(() => {
  file = join(temporaryFolder(), 'agent.db')
})

function open(): Database {
  const database = Database.open(file, agentMigrations)
  onTestFinished(() => database.close())
  return database
}

const take = (counters: SequenceCounters, peer: string, count: number): number[] =>
  Array.from({ length: count }, () => counters.next(peer))

describe('sequence counters', () => {
  it('start at 1 for each peer and leave no gap across blocks', () => {
    const counters = new SequenceCounters({ database: open(), block: 4 })
    expect(take(counters, 'chaser-001', 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(take(counters, 'target-station', 2)).toEqual([1, 2])
    expect(take(counters, 'chaser-001', 1)).toEqual([11])
  })

  it('never repeat a number after a restart, wherever in a block the process ended', () => {
    const used = new Set<number>()
    for (const count of [1, 3, 4, 5, 9]) {
      const database = open()
      const numbers = take(new SequenceCounters({ database, block: 4 }), 'chaser-001', count)
      database.close()
      for (const number of numbers) {
        expect(used.has(number)).toBe(false)
        used.add(number)
      }
    }
    expect(used.size).toBe(22)
  })

  it('have a block on the disk before its first number is used', () => {
    const database = open()
    const counters = new SequenceCounters({ database, block: 16 })
    counters.next('chaser-001')
    const row = database.prepare<[], { reserved: number }>('SELECT reserved FROM sequence_counter').get()
    expect(row?.reserved).toBe(16)
  })

  it('are not taken inside a transaction, whose end could give them back', () => {
    const database = open()
    const counters = new SequenceCounters({ database })
    counters.next('chaser-001')
    expect(() => database.transaction(() => counters.next('chaser-001'))).toThrow(/inside a transaction/)
    expect(counters.next('chaser-001')).toBe(2)
  })

  it('need a block of at least one', () => {
    const database = open()
    expect(() => new SequenceCounters({ database, block: 0 })).toThrow(RangeError)
  })
})
