import { join, resolve } from 'node:path'
import { app, type BrowserWindow, dialog, ipcMain, session } from 'electron'
import { systemClock } from '#core/clock.ts'
import { defaultDataFolder } from '#core/data-folder.ts'
import { SecurityException } from '#core/errors.ts'
import { createLog, errorFields } from '#core/log.ts'
import { makePrivateFolder } from '#core/private-folder.ts'
import { startEngine } from '#core/start.ts'
import { stopInOrder } from '#core/stopping.ts'
import { refusedSwitches } from './host/command-line.ts'
import { connectIpc } from './host/ipc.ts'
import { setMenu } from './host/menu.ts'
import { forbidNavigation } from './host/navigation.ts'
import { denyEverything } from './host/permissions.ts'
import { declarePageScheme, servePages } from './host/protocol.ts'
import { createConsoleWindow } from './host/window.ts'

const log = createLog(process.stderr, 'warn')
const dataPath = resolve(app.commandLine.getSwitchValue('data-dir') || defaultDataFolder())
const at = (path: string): string => join(import.meta.dirname, path)

let window: BrowserWindow | null = null
/** What was started, last first. */
const started: (() => Promise<void> | void)[] = []
let stopping = false

// Before `ready`: Electron takes none of these later.
app.enableSandbox()
declarePageScheme()
forbidNavigation(app, log)

const refused = refusedSwitches(app)
if (refused.length > 0) giveUp(`It does not run with --${refused.join(', --')}. Start it without.`)
else if (prepareProfile()) run()

/** Chromium's own files go into the data folder, so that each data folder has its own single instance. */
function prepareProfile(): boolean {
  try {
    const profile = join(dataPath, 'electron')
    makePrivateFolder(profile)
    app.setPath('userData', profile)
    return true
  } catch (error) {
    log.error('the data folder cannot be used', errorFields(error))
    giveUp('The data folder cannot be written. Give it back to your user, or choose another with --data-dir.')
    return false
  }
}

function run(): void {
  if (!app.requestSingleInstanceLock()) {
    app.quit()
    return
  }
  app.on('second-instance', () => {
    if (window?.isMinimized() === true) window.restore()
    window?.focus()
  })
  app.on('window-all-closed', () => app.quit())
  app.on('before-quit', (event) => {
    if (started.length === 0 || stopping) return
    event.preventDefault()
    stopping = true
    void stopInOrder(started, { clock: systemClock, log }).then((clean) => app.exit(clean ? 0 : 1))
  })
  void app.whenReady().then(open).catch(explain)
}

async function open(): Promise<void> {
  const engine = await startEngine(dataPath, log)
  started.unshift(() => engine.stop())

  const pages = session.defaultSession
  denyEverything(pages, log)
  servePages(pages, at('../renderer'), log)
  setMenu()
  started.unshift(
    connectIpc({
      ipcMain,
      dispatcher: engine.dispatcher,
      feed: engine.feed,
      pages: () => (window === null ? [] : [window.webContents]),
      log,
    }),
  )
  window = createConsoleWindow({
    preload: at('../preload/index.cjs'),
    session: pages,
    devTools: !app.isPackaged,
    log,
  })
  window.on('closed', () => {
    window = null
  })
}

async function explain(error: unknown): Promise<void> {
  stopping = true
  await stopInOrder(started, { clock: systemClock, log })
  if (error instanceof SecurityException) {
    giveUp(error.message)
    return
  }
  log.error('the console could not start', errorFields(error))
  giveUp(
    'The engine failed to start because of a fault of its own. The log on standard error has the details.',
  )
}

function giveUp(reason: string): void {
  dialog.showErrorBox('Groundlock cannot start', reason)
  app.exit(1)
}
