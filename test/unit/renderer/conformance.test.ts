import type { VueWrapper } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import ConformancePanel from '../../../renderer/components/ConformancePanel.vue'
import { conformanceStatus } from '../../../renderer/format/conformance.ts'
import { useSettings } from '../../../renderer/stores/settings.ts'
import { FakeTransport } from '../../support/fake-transport.ts'
import { mountWith } from './mounting.ts'

const now = Date.parse('2026-11-21T14:59:07.000Z')
let wrapper: VueWrapper

async function mounted(change: (settings: Record<string, unknown>) => void = () => undefined): Promise<void> {
  const transport = new FakeTransport(now)
  const call = transport.call.bind(transport)
  transport.call = async (name, input) => {
    const reply = await call(name, input)
    if (name !== 'console.settings' || !reply.ok) return reply
    const value = structuredClone(reply.value) as Record<string, unknown>
    change(value)
    return { ...reply, value }
  }
  wrapper = mountWith(ConformancePanel, transport)
  await useSettings().load()
}

afterEach(() => {
  wrapper.unmount()
  document.body.replaceChildren()
})

describe('the conformance panel', () => {
  it('shows the date, the counts and every file with its note', async () => {
    await mounted()
    expect(wrapper.find('time').attributes('datetime')).toBe('2026-11-21T09:12:44.000Z')
    expect(wrapper.text()).toContain('Conformant')
    const totals = wrapper.findAll('.totals div').map((each) => each.text().replace(/\s+/g, ' '))
    expect(totals.map((text) => text.replace(/(\D+?) ?(\d+)/, '$1 $2'))).toEqual([
      'Files 2',
      'Cases 23',
      'Passed 13',
      'Acceptable 8',
      'Failed 0',
      'Skipped 2',
    ])
    const rows = wrapper.findAll('tbody tr').map((row) => row.findAll('td').map((cell) => cell.text()))
    expect(rows).toHaveLength(2)
    expect(rows[0]?.slice(0, 7)).toEqual(['aes_gcm_test.json', 'AES-GCM', '13', '11', '0', '0', '2'])
    expect(rows[0]?.[7]).toContain('the engine refuses IVs of 64 bits')
  })

  it('says how to run it where nothing was run', async () => {
    await mounted((settings) => (settings['conformance'] = null))
    expect(wrapper.text()).toContain('No test vectors have been run on this console.')
    expect(wrapper.text()).toContain('groundlock conformance FILE-OR-FOLDER')
    expect(wrapper.find('table').exists()).toBe(false)
  })
})

describe('the status of a run', () => {
  const total = {
    files: 1,
    malformed: 0,
    cases: 2,
    passed: 0,
    acceptable: 0,
    acceptableRefused: 0,
    failed: 0,
    skipped: 2,
  }

  it.each([
    [{}, 'off', 'Nothing was tested'],
    [{ passed: 1 }, 'normal', 'Conformant'],
    [{ passed: 1, malformed: 2 }, 'caution', '2 malformed'],
    [{ passed: 1, malformed: 2, failed: 3 }, 'critical', '3 failed'],
  ])('%j: %s', (change, kind, label) => {
    expect(conformanceStatus({ ...total, ...change })).toEqual({ kind, label })
  })
})
