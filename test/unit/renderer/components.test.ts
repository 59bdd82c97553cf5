import { flushPromises, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTick, ref } from 'vue'
import CompromiseDialog from '../../../renderer/components/CompromiseDialog.vue'
import PendingRequests from '../../../renderer/components/PendingRequests.vue'
import PinForm from '../../../renderer/components/PinForm.vue'
import { presence } from '../../../renderer/components/presence.ts'
import SessionTable from '../../../renderer/components/SessionTable.vue'
import { shortcuts } from '../../../renderer/components/shortcuts.ts'
import TrafficList from '../../../renderer/components/TrafficList.vue'
import App from '../../../renderer/App.vue'
import { useConsole } from '../../../renderer/stores/console.ts'
import { useEnrolment } from '../../../renderer/stores/enrolment.ts'
import { useSessions } from '../../../renderer/stores/sessions.ts'
import { useTraffic } from '../../../renderer/stores/traffic.ts'
import { FakeTransport, refusal } from '../../support/fake-transport.ts'
import { button, field, fakeConnection, mountWith, type } from './mounting.ts'

const now = Date.parse('2026-11-21T14:59:07.000Z')
let transport: FakeTransport
let wrapper: VueWrapper

beforeEach(() => {
  transport = new FakeTransport(now)
})
afterEach(() => {
  wrapper.unmount()
  document.body.replaceChildren()
})

const asked = (name: string): unknown[] =>
  transport.calls.filter((call) => call.name === name).map((call) => call.input)
const submit = async (): Promise<void> => {
  await wrapper.find('form').trigger('submit')
  await flushPromises()
}

describe('the PIN form', () => {
  beforeEach(async () => {
    transport.status = { ...transport.status, phase: 'signed_out', operator: null }
    wrapper = mountWith(PinForm, transport, { action: 'Sign in' })
    await useConsole().load()
  })

  it('says how many tries are left, forgets the wrong PIN and asks again', async () => {
    await type(wrapper, 'PIN', 'wrong')
    await submit()
    expect(wrapper.find('[role="alert"]').text()).toContain('The PIN is wrong. 9 tries are left')
    expect(field(wrapper, 'PIN').value).toBe('')
    expect(document.activeElement).toBe(field(wrapper, 'PIN'))
  })

  it('warns before the first try when few are left', async () => {
    transport.status = { ...transport.status, token: { ...transport.status.token!, triesLeft: 1 } }
    await useConsole().load()
    expect(wrapper.text()).toContain('1 try left before the token locks')
  })

  it('asks for the SO-PIN when the token is locked', async () => {
    transport.become({ token: { ...transport.status.token!, triesLeft: 0, pinLocked: true } })
    await useConsole().load()
    await type(wrapper, 'SO-PIN', 'officer-pin')
    await type(wrapper, 'New PIN', 'new-pin-1')
    await type(wrapper, 'New PIN again', 'new-pin-2')
    expect(button('Unlock the token').disabled).toBe(true)
    await type(wrapper, 'New PIN again', 'new-pin-1')
    await submit()
    expect(asked('token.unblock')).toEqual([{ soPin: 'officer-pin', newPin: 'new-pin-1' }])
  })
})

describe('the PIN form of a token that was unblocked', () => {
  it('says nothing more of the lock', async () => {
    transport.status = { ...transport.status, phase: 'signed_out', operator: null }
    wrapper = mountWith(PinForm, transport, { action: 'Sign in' })
    await useConsole().load()
    await type(wrapper, 'PIN', 'wrong')
    await submit()
    expect(wrapper.find('[role="alert"]').exists()).toBe(true)
    const token = transport.status.token!
    transport.become({ token: { ...token, triesLeft: 0, pinLocked: true } })
    await useConsole().load()
    await flushPromises()
    expect(wrapper.text()).toContain('SO-PIN')
    transport.become({ token: { ...token, triesLeft: 10, pinLocked: false } })
    await useConsole().load()
    await flushPromises()
    expect(field(wrapper, 'PIN').value).toBe('')
    expect(wrapper.find('[role="alert"]').exists()).toBe(false)
  })
})

describe('declaring an agent compromised', () => {
  beforeEach(async () => {
    wrapper = mountWith(CompromiseDialog, transport, { agentId: 'target-station', open: true })
    await nextTick()
  })

  function fill(index: number, text: string): Promise<void> {
    const input = document.querySelectorAll<HTMLInputElement>(
      '[role="dialog"] input, [role="dialog"] textarea',
    )[index]!
    input.value = text
    input.dispatchEvent(new Event('input'))
    return nextTick()
  }

  it("asks for the agent's exact name and a reason before it can be done", async () => {
    const declare = (): HTMLButtonElement => button('Declare compromised')
    expect(declare().disabled).toBe(true)
    await fill(0, 'target-statio')
    await fill(1, 'Key leaked')
    expect(declare().disabled).toBe(true)
    await fill(0, 'target-station')
    expect(declare().disabled).toBe(false)
    await fill(1, ' a ')
    expect(declare().disabled).toBe(true)
  })

  it('stays open and says why when it is refused', async () => {
    transport.answers['fleet.declareCompromised'] = () => refusal('storage_full', 'The disk is full.')
    await fill(0, 'target-station')
    await fill(1, 'Key leaked')
    document.querySelector('[role="dialog"] form')!.dispatchEvent(new Event('submit'))
    await flushPromises()
    expect(document.querySelector('[role="dialog"]')?.textContent).toContain('The disk is full.')
    expect(asked('fleet.declareCompromised')).toEqual([
      { agentId: 'target-station', confirmation: 'target-station', reason: 'Key leaked' },
    ])
  })
})

describe('pending requests', () => {
  beforeEach(async () => {
    wrapper = mountWith(PendingRequests, transport)
    await useEnrolment().load()
    await flushPromises()
  })

  it('shows each fingerprint in groups of four and takes an approved request away', async () => {
    const [first] = useEnrolment().pending
    expect(wrapper.find(`[aria-label="Fingerprint of ${first!.agentId}"]`).text()).toBe(
      first!.fingerprint.match(/.{4}/g)!.join(' '),
    )
    button(`Approve ${first!.agentId}`).click()
    await flushPromises()
    expect(asked('enrolment.approve')).toEqual([{ id: first!.id }])
    expect(wrapper.text()).not.toContain(first!.agentId)
  })

  it('keeps a request that could not be approved and says why', async () => {
    transport.answers['enrolment.approve'] = () =>
      refusal('already_enrolled', 'chaser-002 is enrolled already.')
    button('Approve chaser-002').click()
    await flushPromises()
    expect(wrapper.find('[role="alert"]').text()).toContain('chaser-002 is enrolled already.')
    expect(button('Approve chaser-002').disabled).toBe(false)
  })
})

describe('the session table', () => {
  it('says what the session has and what was refused, and asks for one rotation', async () => {
    wrapper = mountWith(SessionTable, transport, { showClosed: false })
    await useSessions().load()
    await flushPromises()
    const row = wrapper
      .findAll('tbody tr')
      .find((each) => each.text().includes('chaser-001 → target-station'))!
    expect(row.text()).toContain('4 refused')
    expect(row.text()).toContain('Altered 1')
    expect(row.find('abbr[title="Forward secrecy"]').exists()).toBe(true)
    expect(row.find('abbr[title="Not post-quantum secure"]').exists()).toBe(true)
    await row.find('button').trigger('click')
    expect(wrapper.emitted('rotate')).toEqual([
      [useSessions().open.find((each) => each.responder === 'target-station')!.sessionId],
    ])
    expect(wrapper.text()).not.toContain('observer-001')
  })
})

describe('the traffic list', () => {
  it('explains a refusal and can show refusals only', async () => {
    wrapper = mountWith(TrafficList, transport)
    await useTraffic().load()
    await flushPromises()
    expect(wrapper.text()).toContain('Refused: Duplicate')
    expect(wrapper.text()).toContain('a replayed recording')
    const all = wrapper.findAll('tbody tr').length
    await wrapper.find('input[type="checkbox"]').setValue(true)
    expect(wrapper.findAll('tbody tr')).toHaveLength(3)
    expect(all).toBe(40)
  })
})

describe('the application', () => {
  it('leads from the first start to the enrol commands and into the console', async () => {
    transport = new FakeTransport(now, 'empty', {
      phase: 'no_token',
      token: null,
      operator: null,
      hasAuthority: false,
    })
    wrapper = mountWith(App, transport)
    await flushPromises()
    button('Begin set-up').click()
    await nextTick()
    expect(wrapper.text()).toContain('Software protection')
    await type(wrapper, 'Your name', 'A. Ferrari')
    await type(wrapper, 'PIN', 'a-long-pin')
    await type(wrapper, 'PIN again', 'a-long-pin')
    await type(wrapper, 'SO-PIN', 'a-long-pin')
    await type(wrapper, 'SO-PIN again', 'a-long-pin')
    expect(button('Create token').disabled).toBe(true)
    await type(wrapper, 'SO-PIN', 'officer-pin')
    await type(wrapper, 'SO-PIN again', 'officer-pin')
    await submit()
    expect(wrapper.find('h1').text()).toBe('Create the fleet’s root CA')
    await type(wrapper, 'Organisation', 'Orbital Services')
    await submit()
    expect(asked('authority.create')).toEqual([
      {
        algorithm: 'ECDSA-P384',
        commonName: 'Fleet root CA',
        organization: 'Orbital Services',
        validYears: 10,
      },
    ])
    expect(wrapper.text()).toContain('agent enrol')
    expect(wrapper.text()).toContain('--gateway https://127.0.0.1:7443')
    button('Open the console').click()
    await flushPromises()
    expect(wrapper.find('main h1').text()).toBe('Fleet trust')
    expect(wrapper.text()).toContain('No agent is enrolled yet')
  })

  it('says that what it shows is not current when the connection is lost', async () => {
    const connection = fakeConnection()
    wrapper = mountWith(App, transport, {}, connection)
    await flushPromises()
    expect(wrapper.text()).not.toContain('Connection to the engine lost')
    connection.become('lost')
    await nextTick()
    expect(wrapper.find('[role="alert"]').text()).toContain('Connection to the engine lost')
    expect(wrapper.find('.app').classes()).toContain('stale')
  })

  it('shows nothing of the fleet once it is locked', async () => {
    wrapper = mountWith(App, transport)
    await flushPromises()
    expect(wrapper.text()).toContain('target-station')
    button('Lock').click()
    await flushPromises()
    expect(wrapper.find('h1').text()).toBe('Console locked')
    expect(wrapper.text()).not.toContain('target-station')
  })
})

describe('the keyboard', () => {
  beforeEach(() => {
    wrapper = mountWith(PendingRequests, transport)
  })

  const press = (key: string, target: EventTarget, timeStamp: number): KeyboardEvent => {
    const event = new KeyboardEvent('keydown', { key })
    Object.defineProperties(event, { target: { value: target }, timeStamp: { value: timeStamp } })
    return event
  }

  it('opens a view on g and its letter, within 1.5 s, and never while somebody types', () => {
    const opened: string[] = []
    const onKey = shortcuts((view) => opened.push(view))
    onKey(press('s', document.body, 0))
    onKey(press('g', document.body, 1000))
    onKey(press('s', document.body, 1200))
    onKey(press('g', document.body, 5000))
    onKey(press('a', document.body, 6600))
    onKey(press('g', document.createElement('input'), 7000))
    onKey(press('r', document.body, 7100))
    expect(opened).toEqual(['sessions'])
  })

  it('tells of the operator at most once in a tenth of the lock time, and never without a lock', () => {
    const target = new EventTarget()
    const seconds = ref(300)
    let touches = 0
    const stop = presence(target, seconds, () => touches++)
    const input = (timeStamp: number): void => {
      const event = new Event('keydown')
      Object.defineProperty(event, 'timeStamp', { value: timeStamp })
      target.dispatchEvent(event)
    }
    input(0)
    input(29_000)
    input(30_000)
    expect(touches).toBe(2)
    seconds.value = 0
    input(90_000)
    stop()
    seconds.value = 300
    input(120_000)
    expect(touches).toBe(2)
  })
})
