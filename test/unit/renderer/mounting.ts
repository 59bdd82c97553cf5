import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia, type Pinia } from 'pinia'
import { createApp, type Component } from 'vue'
import { typed } from '#shared/contract/transport.ts'
import { type ConnectionState, type Engine, engineKey } from '../../../renderer/engine.ts'
import type { FakeTransport } from '../../support/fake-transport.ts'

export interface FakeConnection {
  state: ConnectionState
  onChange: (listener: (state: ConnectionState) => void) => () => void
  become: (state: ConnectionState) => void
}

export function fakeConnection(state: ConnectionState = 'open'): FakeConnection {
  const listeners = new Set<(state: ConnectionState) => void>()
  const connection: FakeConnection = {
    state,
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    become: (next) => {
      connection.state = next
      for (const listener of listeners) listener(next)
    },
  }
  return connection
}

/** Stores that talk to the fake engine, without any component. */
export function withEngine(transport: FakeTransport, connection = fakeConnection()): Pinia {
  const engine: Engine = { transport: typed(transport), connection }
  const pinia = createPinia()
  createApp({}).provide(engineKey, engine).use(pinia)
  setActivePinia(pinia)
  return pinia
}

export function mountWith(
  component: Component,
  transport: FakeTransport,
  props: Record<string, unknown> = {},
  connection = fakeConnection(),
): VueWrapper {
  const pinia = withEngine(transport, connection)
  const engine: Engine = { transport: typed(transport), connection }
  const wrapper: unknown = mount(component, {
    props,
    attachTo: document.body,
    global: { plugins: [pinia], provide: { [engineKey as symbol]: engine } },
  })
  return wrapper as VueWrapper
}

/** The input that a label names, as a person finds it. */
export function field(wrapper: VueWrapper, label: string): HTMLInputElement {
  const found = wrapper.findAll('label').find((each) => each.text() === label)
  const input = document.getElementById(found?.attributes('for') ?? '')
  if (!(input instanceof HTMLElement)) throw new Error(`There is no field labelled ${label}.`)
  return input as HTMLInputElement
}

export async function type(wrapper: VueWrapper, label: string, text: string): Promise<void> {
  const input = field(wrapper, label)
  input.value = text
  input.dispatchEvent(new Event('input'))
  await wrapper.vm.$nextTick()
}

/** The button with this accessible name, also in a dialog at the end of the body. */
export function button(name: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].filter(
    (each) => (each.getAttribute('aria-label') ?? each.textContent.trim()) === name,
  )
  const last = found.at(-1)
  if (!last) throw new Error(`There is no button named ${name}.`)
  return last
}
