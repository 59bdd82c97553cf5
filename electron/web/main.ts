import { resolve } from 'node:path'
import { startEngine } from '#core/start.ts'
import { runWebProgram } from './program.ts'

// A second signal finds no listener and ends the process at once.
const stopRequested = new Promise<void>((stop) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop())
})

// The engine's own timers do not keep a process alive, and a stop that waits for one must not end it early.
const alive = setInterval(() => undefined, 60_000)

process.exitCode = await runWebProgram({
  argv: process.argv.slice(2),
  stdout: process.stdout,
  stderr: process.stderr,
  // Built, this file is out/main/web.js and the screen is beside it in out/renderer.
  rendererFolder: resolve(import.meta.dirname, '../renderer'),
  startEngine,
  stopRequested,
})
clearInterval(alive)
// Whatever still holds the event loop has been told to stop; it must not keep the process.
process.exit()
