import { EventEmitter } from 'node:events'
import { vi } from 'vitest'

/*
 * What the hosts use of the `electron` module, made of plain objects: processes are one process, and what crosses
 * between them is structured-cloned as Electron does. See `freshElectron`.
 */

type CallHandler = (event: unknown, ...args: unknown[]) => unknown

/** One page. `mainFrame` is the frame that its messages come from. */
export class PageStandIn extends EventEmitter {
  static #nextId = 1
  readonly id = PageStandIn.#nextId++
  mainFrame = { url: 'app://groundlock/' }
  destroyed = false
  windowOpenHandler: ((details: { url: string }) => { action: string }) | null = null
  readonly isDestroyed = (): boolean => this.destroyed
  readonly setWindowOpenHandler = (handler: PageStandIn['windowOpenHandler']): void => {
    this.windowOpenHandler = handler
  }

  send(channel: string, ...args: unknown[]): void {
    ipcRenderer.emit(channel, { sender: 'must not reach the page' }, ...structuredClone(args))
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly made: BrowserWindow[] = []
  readonly webContents = new PageStandIn()
  readonly options: { webPreferences: Record<string, unknown>; show?: boolean }
  readonly loadURL = vi.fn<(address: string) => Promise<void>>(() => Promise.resolve())
  readonly show = vi.fn()
  readonly focus = vi.fn()
  readonly restore = vi.fn()
  minimized = false

  constructor(options: BrowserWindow['options']) {
    super()
    this.options = options
    BrowserWindow.made.push(this)
    app.emit('web-contents-created', {}, this.webContents)
  }

  isMinimized(): boolean {
    return this.minimized
  }
}

const handlers = new Map<string, CallHandler>()

export const ipcMain = {
  handle: (channel: string, handler: CallHandler) => {
    if (handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    handlers.set(channel, handler)
  },
  removeHandler: (channel: string) => handlers.delete(channel),
  channels: () => [...handlers.keys()],
}

/** Sends a call as the given page's frame would; `frame` null is a frame that is gone. */
export async function invokeFrom(
  page: PageStandIn,
  frame: { url: string } | null,
  channel: string,
  ...args: unknown[]
): Promise<unknown> {
  const handler = handlers.get(channel)
  if (handler === undefined) throw new Error(`No handler registered for '${channel}'`)
  const event = { sender: page, senderFrame: frame }
  return structuredClone(await handler(event, ...structuredClone(args)))
}

class IpcRendererStandIn extends EventEmitter {
  page = new PageStandIn()
  invoke(channel: string, ...args: unknown[]): Promise<unknown> {
    return invokeFrom(this.page, this.page.mainFrame, channel, ...args)
  }
}

export const ipcRenderer = new IpcRendererStandIn()

/** What the preload gave to the page, by name. */
export const exposed = new Map<string, unknown>()

export const contextBridge = {
  exposeInMainWorld: (name: string, api: unknown) => exposed.set(name, api),
}

class SessionStandIn extends EventEmitter {
  readonly protocol = {
    pages: new Map<string, (request: Request) => Promise<Response> | Response>(),
    handle(scheme: string, handler: (request: Request) => Promise<Response> | Response) {
      this.pages.set(scheme, handler)
    },
  }
  readonly webRequest = { onBeforeRequest: vi.fn() }
  readonly setPermissionRequestHandler = vi.fn()
  readonly setPermissionCheckHandler = vi.fn()
  readonly setDevicePermissionHandler = vi.fn()
  readonly setDisplayMediaRequestHandler = vi.fn()
  readonly setSpellCheckerEnabled = vi.fn()
}

export const session = { defaultSession: new SessionStandIn() }

export const protocol = { registerSchemesAsPrivileged: vi.fn() }
export const dialog = { showErrorBox: vi.fn() }
export const Menu = {
  setApplicationMenu: vi.fn(),
  buildFromTemplate: vi.fn((template: unknown) => ({ template })),
}

class AppStandIn extends EventEmitter {
  isPackaged = false
  switches = new Map<string, string>()
  firstInstance = true
  #ready: () => void = () => undefined
  #whenReady = new Promise<void>((resolve) => (this.#ready = resolve))
  readonly commandLine = {
    hasSwitch: (name: string) => this.switches.has(name),
    getSwitchValue: (name: string) => this.switches.get(name) ?? '',
  }
  readonly enableSandbox = vi.fn()
  readonly setPath = vi.fn()
  readonly exit = vi.fn()
  readonly quit = vi.fn()
  readonly requestSingleInstanceLock = vi.fn(() => this.firstInstance)
  readonly whenReady = (): Promise<void> => this.#whenReady

  becomeReady(): void {
    this.#ready()
  }
}

export const app = new AppStandIn()
