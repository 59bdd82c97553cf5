import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IpcMain, WebContents } from 'electron'
import type { Transport } from '#shared/contract/transport.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { directTransport } from '#core/dispatch/direct.ts'
import { silentLog } from '#core/log.ts'
import { connectIpc } from '../../electron/host/ipc.ts'
import { startWebHost } from '../../electron/web/server.ts'
import { freshElectron } from '../support/fresh-electron.ts'
import type { EngineStandIn } from '../support/engine-stand-in.ts'
import { connectSocket, openConsole, socketTransport } from '../support/web-client.ts'

export interface OpenTransport {
  readonly transport: Transport
  close(): Promise<void>
}

/** The ways to reach the engine. */
export const transports: readonly {
  name: string
  open: (engine: EngineStandIn) => Promise<OpenTransport>
}[] = [
  {
    name: 'direct call',
    open: (engine) =>
      Promise.resolve({
        transport: directTransport(engine.dispatcher, engine.feed, 'direct'),
        close: () => Promise.resolve(),
      }),
  },
  {
    name: 'Electron IPC',
    async open(engine) {
      const { exposed, ipcMain, ipcRenderer } = await freshElectron()
      const page = ipcRenderer.page as unknown as WebContents
      const disconnect = connectIpc({
        ipcMain: ipcMain as unknown as IpcMain,
        dispatcher: engine.dispatcher,
        feed: engine.feed,
        pages: () => [page],
        log: silentLog,
      })
      await import('../../electron/preload.ts')
      const transport = exposed.get('groundlock') as Transport
      return {
        transport,
        close: () => {
          disconnect()
          return Promise.resolve()
        },
      }
    },
  },
  {
    name: 'WebSocket',
    async open(engine) {
      const folder = await mkdtemp(join(tmpdir(), 'groundlock-contract-'))
      const host = await startWebHost({
        dispatcher: engine.dispatcher,
        feed: engine.feed,
        rendererFolder: folder,
        log: silentLog,
        clock: engine.clock,
        random: platformRandom,
      })
      const socket = await connectSocket(new URL(host.url).origin, await openConsole(host.url))
      return {
        transport: socketTransport(socket),
        close: async () => {
          await host.stop()
          await rm(folder, { recursive: true })
        },
      }
    },
  },
]
