import type { App } from 'electron'
import type { Log } from '#core/log.ts'

/** Nothing that is ever made may leave the screen: no navigation, no redirect, no window, no webview, in any frame. */
export function forbidNavigation(app: App, log: Log): void {
  app.on('web-contents-created', (_event, contents) => {
    const refuse =
      (what: string) =>
      (event: { preventDefault(): void }): void => {
        log.warn('a navigation was refused', { what })
        event.preventDefault()
      }
    contents.on('will-navigate', refuse('navigate'))
    contents.on('will-frame-navigate', refuse('frame'))
    contents.on('will-redirect', refuse('redirect'))
    contents.on('will-attach-webview', refuse('webview'))
    contents.setWindowOpenHandler(() => {
      log.warn('a navigation was refused', { what: 'window' })
      return { action: 'deny' }
    })
  })
}
