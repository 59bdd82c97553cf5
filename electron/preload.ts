import { contextBridge, ipcRenderer } from 'electron'
import type { Transport } from '#shared/contract/transport.ts'
import { callChannel, eventChannel } from './host/channels.ts'

const listeners = new Map<string, Set<(payload: unknown) => void>>()

// The first argument, Electron's event, never reaches the page: it carries the sender.
ipcRenderer.on(eventChannel, (_event, name: string, payload: unknown) => {
  for (const listener of [...(listeners.get(name) ?? [])]) listener(payload)
})

const transport: Transport = {
  call: (name, input) => ipcRenderer.invoke(callChannel, name, input) as ReturnType<Transport['call']>,
  on(event, listener) {
    const known = listeners.get(event) ?? new Set()
    listeners.set(event, known)
    // A function of its own, so that one listener registered twice is taken back once.
    const entry = (payload: unknown): void => listener(payload)
    known.add(entry)
    return () => {
      known.delete(entry)
    }
  },
}

contextBridge.exposeInMainWorld('groundlock', transport)
