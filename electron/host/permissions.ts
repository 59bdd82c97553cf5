import type { Session } from 'electron'
import type { Log } from '#core/log.ts'
import { isConsolePage } from './page-origin.ts'

/**
 * Takes everything from the session that the screen does not need: permissions, devices, screen capture, downloads,
 * spell-check (which would fetch dictionaries), and every request that is not for the screen's own files.
 */
export function denyEverything(session: Session, log: Log): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    log.warn('a permission was refused', { permission })
    answer(false)
  })
  session.setPermissionCheckHandler(() => false)
  session.setDevicePermissionHandler(() => false)
  session.setDisplayMediaRequestHandler((_request, answer) => {
    answer({})
  })
  session.setSpellCheckerEnabled(false)
  session.on('will-download', (event) => {
    log.warn('a download was refused')
    event.preventDefault()
  })
  session.webRequest.onBeforeRequest((details, answer) => {
    const cancel = !isConsolePage(details.url)
    if (cancel) log.warn('a request to elsewhere was refused', { resourceType: details.resourceType })
    answer({ cancel })
  })
}
