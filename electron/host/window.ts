import { BrowserWindow, type Session } from 'electron'
import type { Log } from '#core/log.ts'
import { pageAddress } from './page-origin.ts'

/** Makes the console's window; it is shown when its first picture is ready, on the screen's own dark ground. */
export function createConsoleWindow(parts: {
  preload: string
  session: Session
  devTools: boolean
  log: Log
}): BrowserWindow {
  const window = new BrowserWindow({
    title: 'Groundlock',
    width: 1440,
    height: 900,
    minWidth: 1024,
    minHeight: 700,
    show: false,
    backgroundColor: '#0a111c',
    webPreferences: {
      preload: parts.preload,
      session: parts.session,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      safeDialogs: true,
      devTools: parts.devTools,
    },
  })
  window.once('ready-to-show', () => window.show())
  window.webContents.on('render-process-gone', (_event, details) => {
    parts.log.error('the screen’s process ended', { reason: details.reason, exitCode: details.exitCode })
  })
  void window.loadURL(pageAddress)
  return window
}
