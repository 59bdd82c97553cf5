import type { IpcMain, IpcMainInvokeEvent, WebContents } from 'electron'
import type { Reply } from '#shared/errors.ts'
import { correlationId } from '#core/crypto/random.ts'
import type { Dispatcher } from '#core/dispatch/dispatcher.ts'
import type { EventFeed } from '#core/dispatch/feed.ts'
import type { Log } from '#core/log.ts'
import { callChannel, eventChannel } from './channels.ts'
import { isConsolePage } from './page-origin.ts'

export interface IpcParts {
  readonly ipcMain: IpcMain
  readonly dispatcher: Dispatcher
  readonly feed: EventFeed
  /** The pages of the windows this program made; only they are listened to and told anything. */
  readonly pages: () => readonly WebContents[]
  readonly log: Log
}

/** Carries the contract over Electron's IPC: one channel for calls, one for events. Answers the function that ends it. */
export function connectIpc(parts: IpcParts): () => void {
  parts.ipcMain.handle(callChannel, (event, name: unknown, input: unknown): Promise<Reply> | Reply => {
    if (!isFromConsolePage(event, parts.pages())) {
      parts.log.warn('a message from a stranger was refused')
      return {
        ok: false,
        code: 'not_allowed',
        message: 'Only the console’s own page may call.',
        correlationId: correlationId(),
      }
    }
    return parts.dispatcher.call(`window-${event.sender.id}`, name as string, input)
  })
  const unsubscribe = parts.feed.subscribe((name, payload) => {
    for (const page of parts.pages()) if (!page.isDestroyed()) page.send(eventChannel, name, payload)
  })
  return () => {
    unsubscribe()
    parts.ipcMain.removeHandler(callChannel)
  }
}

/** The sender must be a window of ours, its main frame (not gone, not a frame inside), showing the screen. */
function isFromConsolePage(event: IpcMainInvokeEvent, pages: readonly WebContents[]): boolean {
  const frame = event.senderFrame
  return (
    frame !== null &&
    pages.includes(event.sender) &&
    frame === event.sender.mainFrame &&
    isConsolePage(frame.url)
  )
}
