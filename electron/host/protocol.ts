import { protocol, type Session } from 'electron'
import { errorFields, type Log } from '#core/log.ts'
import { readPageFile } from '#core/page/files.ts'
import { pageHeaders } from '#core/page/headers.ts'
import { isConsolePage, pageScheme } from './page-origin.ts'

/** Declares the screen's scheme. Electron takes this only before `ready`, and only once. */
export function declarePageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: pageScheme,
      privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
    },
  ])
}

/** Serves the built screen from `folder`, and nothing else, under the screen's scheme. */
export function servePages(session: Session, folder: string, log: Log): void {
  session.protocol.handle(pageScheme, async (request) => {
    if (request.method !== 'GET' || !isConsolePage(request.url)) return plain(403, 'Refused.')
    try {
      const file = await readPageFile(folder, new URL(request.url).pathname)
      if (file === null) return plain(404, 'There is no such page.')
      const headers = { ...pageHeaders("'none'"), 'Content-Type': file.contentType }
      return new Response(new Uint8Array(file.body), { status: 200, headers })
    } catch (error) {
      log.error('a page could not be served', errorFields(error))
      return plain(500, 'The page could not be read.')
    }
  })
}

const plain = (status: number, text: string): Response =>
  new Response(text, {
    status,
    headers: { ...pageHeaders("'none'"), 'Content-Type': 'text/plain; charset=utf-8' },
  })
