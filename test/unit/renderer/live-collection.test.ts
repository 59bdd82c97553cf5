import { describe, expect, it } from 'vitest'
import type { Reply } from '#shared/errors.ts'
import { liveCollection } from '../../../renderer/stores/live-collection.ts'

interface Item {
  id: string
  version: number
}

function collection(limit?: number) {
  const answers: ((reply: Reply<Item[]>) => void)[] = []
  let announce: (item: Item) => void = () => undefined
  const list = liveCollection<Item>({
    load: () => new Promise((resolve) => answers.push(resolve)),
    subscribe: (listener) => {
      announce = listener
      return () => undefined
    },
    key: (item) => item.id,
    compare: (a, b) => a.id.localeCompare(b.id),
    ...(limit === undefined ? {} : { limit }),
  })
  return { list, answers, announce: (item: Item) => announce(item) }
}

const ok = (...value: Item[]): Reply<Item[]> => ({ ok: true, value })

describe('a live collection', () => {
  it('keeps what was announced while the list was on its way', async () => {
    const { list, answers, announce } = collection()
    const loading = list.load()
    announce({ id: 'a', version: 2 })
    answers[0]!(ok({ id: 'b', version: 1 }, { id: 'a', version: 1 }))
    await loading
    expect(list.items.value).toEqual([
      { id: 'a', version: 2 },
      { id: 'b', version: 1 },
    ])
  })

  it('drops the answer to an earlier question', async () => {
    const { list, answers } = collection()
    const first = list.load()
    const second = list.load()
    answers[1]!(ok({ id: 'new', version: 1 }))
    answers[0]!(ok({ id: 'old', version: 1 }))
    await Promise.all([first, second])
    expect(list.items.value.map((item) => item.id)).toEqual(['new'])
  })

  it('shows nothing of an answer that comes after it was cleared', async () => {
    const { list, answers, announce } = collection()
    const loading = list.load()
    list.clear()
    answers[0]!(ok({ id: 'secret', version: 1 }))
    await loading
    announce({ id: 'late', version: 1 })
    expect(list.items.value).toEqual([])
    expect(list.state.value).toBe('idle')
  })

  it('says why it failed and recovers on the next load', async () => {
    const { list, answers } = collection()
    const failing = list.load()
    answers[0]!({ ok: false, code: 'internal', message: 'No luck.', correlationId: 'x' })
    await failing
    expect(list.state.value).toBe('failed')
    expect(list.failure.value?.message).toBe('No luck.')
    const again = list.load()
    answers[1]!(ok())
    await again
    expect(list.state.value).toBe('ready')
    expect(list.failure.value).toBeNull()
  })

  it('keeps the first in order up to its limit', async () => {
    const { list, answers, announce } = collection(2)
    const loading = list.load()
    answers[0]!(ok({ id: 'b', version: 1 }, { id: 'c', version: 1 }))
    await loading
    announce({ id: 'a', version: 1 })
    expect(list.items.value.map((item) => item.id)).toEqual(['a', 'b'])
  })
})
