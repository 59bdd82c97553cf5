import { defineStore } from 'pinia'
import { useEngine } from '../engine.ts'
import { resource } from './resource.ts'

/** The configuration in force and what the console runs on. */
export const useSettings = defineStore('settings', () => {
  const { transport } = useEngine()
  const { value, state, failure, load, clear } = resource(() => transport.call('console.settings', {}))
  return { value, state, failure, load, clear }
})
