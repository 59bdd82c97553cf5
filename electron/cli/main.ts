#!/usr/bin/env node
import { systemClock } from '#core/clock.ts'
import { startEngine } from '#core/start.ts'
import { registerAgentCommands } from './agent.ts'
import { runCli } from './program.ts'

const untilStopped = (): Promise<void> =>
  new Promise((stop) => {
    // A second signal finds no listener and ends the process at once.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop())
  })

// A reader that has seen enough (`| head`) is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const { stdin, stdout, stderr } = process
const parts = { stdin, stdout, stderr, clock: systemClock, startEngine, untilStopped, registerAgentCommands }
const code = await runCli(process.argv.slice(2), parts)
if (code !== 0) process.exitCode = code
// Whatever still holds the event loop has been told to stop; what was printed is handed over first.
stdout.write('', () => process.exit())
