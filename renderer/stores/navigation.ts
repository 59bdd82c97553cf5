import { defineStore } from 'pinia'
import { ref } from 'vue'

export const views = [
  { name: 'fleet', title: 'Fleet trust', key: 'f' },
  { name: 'sessions', title: 'Sessions', key: 's' },
  { name: 'rotation', title: 'Rotation schedule', key: 'r' },
  { name: 'audit', title: 'Audit log', key: 'a' },
  { name: 'settings', title: 'Settings', key: 'c' },
] as const

export type ViewName = (typeof views)[number]['name']

function fromHash(hash: string): ViewName {
  const name = hash.replace(/^#\/?/, '')
  return views.find((view) => view.name === name)?.name ?? 'fleet'
}

/** Which view is open. The address holds it, so that a reload and the back button do what they should. */
export const useNavigation = defineStore('navigation', () => {
  const view = ref<ViewName>(fromHash(window.location.hash))

  function open(name: ViewName): void {
    view.value = name
    if (fromHash(window.location.hash) !== name || window.location.hash === '')
      window.location.hash = `/${name}`
  }

  function start(): void {
    window.addEventListener('hashchange', () => (view.value = fromHash(window.location.hash)))
  }

  return { view, open, start }
})
