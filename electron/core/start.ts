import { systemClock } from './clock.ts'
import { loadConfiguration } from './configuration.ts'
import { createConsole } from './console.ts'
import { platformRandom } from './crypto/random.ts'
import { openDataFolder } from './data-folder.ts'
import type { Dispatcher } from './dispatch/dispatcher.ts'
import type { EventFeed } from './dispatch/feed.ts'
import type { Log } from './log.ts'

/** An engine at work, as a host holds it. */
export interface RunningEngine {
  readonly dispatcher: Dispatcher
  readonly feed: EventFeed
  /** Stops the engine and gives the data folder back. */
  stop(): Promise<void>
}

/**
 * Starts the engine on a data folder: takes the folder, reads the configuration, builds and starts the console. What
 * was taken is given back if a later step fails.
 * @throws SecurityException `conflict`, `configuration_invalid`, `storage_read_only`, `storage_full`,
 *   `database_damaged`, `database_newer`
 */
export async function startEngine(dataPath: string, log: Log): Promise<RunningEngine> {
  const dataFolder = openDataFolder(dataPath)
  try {
    const configuration = loadConfiguration(dataFolder.configurationFile)
    const engine = createConsole({
      dataFolder,
      configuration,
      clock: systemClock,
      log,
      random: platformRandom,
    })
    try {
      await engine.start()
    } catch (error) {
      await engine.stop()
      throw error
    }
    return {
      dispatcher: engine.dispatcher,
      feed: engine.feed,
      async stop() {
        try {
          await engine.stop()
        } finally {
          dataFolder.release()
        }
      },
    }
  } catch (error) {
    dataFolder.release()
    throw error
  }
}
