import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick } from 'vue'
import AgentTable from '../../../renderer/components/AgentTable.vue'
import ChainState from '../../../renderer/components/ChainState.vue'
import App from '../../../renderer/App.vue'
import { useAuditTail } from '../../../renderer/stores/audit-tail.ts'
import { useClock } from '../../../renderer/stores/clock.ts'
import { useConsole } from '../../../renderer/stores/console.ts'
import { useFleet } from '../../../renderer/stores/fleet.ts'
import CopyText from '../../../renderer/ui/CopyText.vue'
import { fakeRecord } from '../../support/fake-fleet.ts'
import { FakeTransport } from '../../support/fake-transport.ts'
import { button, fakeConnection, mountWith } from './mounting.ts'

const now = Date.parse('2026-11-21T14:59:07.000Z')
let transport: FakeTransport
let wrapper: VueWrapper

beforeEach(() => {
  transport = new FakeTransport(now)
})
afterEach(() => {
  vi.useRealTimers()
  wrapper.unmount()
  document.body.replaceChildren()
})

describe('the state of the audit chain', () => {
  const verifiedAt = '2026-11-21T14:49:07.000Z'

  async function show(records: number): Promise<void> {
    transport.status = {
      ...transport.status,
      audit: { intact: true, records, verifiedAt, firstBad: null, problem: null },
    }
    wrapper = mountWith(ChainState, transport)
    useClock().now = now
    await useConsole().load()
    await useAuditTail().load()
    await flushPromises()
  }

  it('says how far the verification reached, and goes on saying so as records are written', async () => {
    await show(1)
    expect(wrapper.text()).toBe('Chain intact up to record 1 of 1\u202f250, verified 14:49:07Z')
    transport.announce('audit.appended', fakeRecord(1251, now))
    await nextTick()
    expect(wrapper.text()).toContain('of 1\u202f251,')
  })

  it('says that all records were verified only when none was written since', async () => {
    await show(1250)
    expect(wrapper.text()).toBe('Chain intact: all 1\u202f250 records verified 14:49:07Z')
  })
})

describe('the agents', () => {
  it('that are connected were seen now, the others when they were', async () => {
    wrapper = mountWith(AgentTable, transport)
    useClock().now = now
    await useFleet().load()
    await flushPromises()
    const lastSeen = (agent: string): string =>
      wrapper
        .findAll('tbody tr')
        .find((row) => row.text().includes(agent))!
        .findAll('td')[4]!
        .text()
    expect(lastSeen('target-station')).toBe('now')
    expect(lastSeen('relay-north-02')).toBe('3 d 00 h ago')
    expect(lastSeen('ground-station')).toBe('–')
  })
})

describe('copy buttons', () => {
  const Two = defineComponent(() => () => [
    h(CopyText, { text: 'a', label: 'first' }),
    h(CopyText, { text: 'b', label: 'second' }),
  ])
  let write: (text: string) => Promise<void>

  beforeEach(() => {
    vi.useFakeTimers()
    write = () => Promise.resolve()
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation((text) => write(text))
    wrapper = mountWith(Two, transport)
  })
  const names = (): (string | undefined)[] =>
    wrapper.findAll('button').map((each) => each.attributes('aria-label'))

  it('say so only where the last press was, and only for a short time', async () => {
    button('Copy first').click()
    await flushPromises()
    expect(names()).toEqual(['Copied first', 'Copy second'])
    vi.advanceTimersByTime(3000)
    button('Copy second').click()
    await flushPromises()
    expect(names()).toEqual(['Copy first', 'Copied second'])
    vi.advanceTimersByTime(3000)
    await nextTick()
    expect(names()).toEqual(['Copy first', 'Copied second'])
    vi.advanceTimersByTime(1000)
    await nextTick()
    expect(names()).toEqual(['Copy first', 'Copy second'])
  })

  it('say what to do when the clipboard cannot be written', async () => {
    write = () => Promise.reject(new Error('not allowed'))
    button('Copy first').click()
    await flushPromises()
    expect(names()).toEqual(['Select and copy first', 'Copy second'])
  })
})

describe('without the engine', () => {
  it('what acts cannot be pressed, and can again when it is back', async () => {
    const connection = fakeConnection()
    wrapper = mountWith(App, transport, {}, connection)
    await flushPromises()
    const acts = ['Lock', 'Sign out', 'Approve chaser-002', 'Refuse chaser-002']
    const disabled = (): boolean[] => acts.map((name) => button(name).disabled)
    expect(disabled()).toEqual([false, false, false, false])
    connection.become('lost')
    await nextTick()
    expect(disabled()).toEqual([true, true, true, true])
    expect(button('How to enrol an agent').disabled).toBe(false)
    connection.become('open')
    await flushPromises()
    expect(disabled()).toEqual([false, false, false, false])
  })
})
