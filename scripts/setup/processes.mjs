import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { constants as system } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Set-up reports on stderr, so that the standard output of a command stays its own. @param {string} message */
export const say = (message) => void process.stderr.write(`${message}\n`)

/** A set-up step that could not be done; the message says what to do. */
export class SetupError extends Error {}

/**
 * Runs a program and collects what it prints.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, milliseconds?: number }} [options] after `milliseconds` the program
 *   and all it started are killed and `timedOut` is true
 * @returns {Promise<{ ok: boolean, timedOut: boolean, output: string }>} never rejects
 */
export function run(command, args, { env = process.env, cwd = root, milliseconds } = {}) {
  const ownGroup = milliseconds !== undefined && process.platform !== 'win32'
  return new Promise((resolve) => {
    let output = ''
    let timedOut = false
    const child = spawn(command, args, { cwd, env, detached: ownGroup, stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = () => {
      try {
        if (ownGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
        else child.kill('SIGKILL')
      } catch {
        // It ended by itself in the meantime.
      }
    }
    const abandon = () => {
      kill()
      process.exit(130)
    }
    // A program in a group of its own does not hear the terminal's Ctrl-C.
    if (ownGroup) process.once('SIGINT', abandon)
    const timer = setTimeout(
      () => {
        timedOut = true
        kill()
      },
      milliseconds ?? 2 ** 31 - 1,
    )
    /** @param {boolean} ok */
    const end = (ok) => {
      clearTimeout(timer)
      process.off('SIGINT', abandon)
      resolve({ ok, timedOut, output })
    }
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
    child.on('error', (error) => {
      output += error.message
      end(false)
    })
    child.on('close', (code) => end(code === 0 && !timedOut))
  })
}

/**
 * Runs a program in this one's place: same terminal, same signals, same exit code.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions }} [options]
 * @returns {Promise<number>} the exit code, 128 plus the number of the signal that ended it
 */
export function become(command, args, { env = process.env, stdio = 'inherit' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio })
    const stop = forwardSignals(child)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      stop()
      resolve(code ?? 128 + system.signals[signal ?? 'SIGTERM'])
    })
  })
}

/**
 * Hands this program's termination signals to `child` and outlives it, so that the child can end in order. The
 * terminal's Ctrl-C reaches the child by itself.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => void} ends the forwarding
 */
export function forwardSignals(child) {
  const terminate = () => void child.kill('SIGTERM')
  const hangUp = () => void child.kill('SIGHUP')
  const interrupted = () => undefined
  process.on('SIGTERM', terminate).on('SIGHUP', hangUp).on('SIGINT', interrupted)
  return () => void process.off('SIGTERM', terminate).off('SIGHUP', hangUp).off('SIGINT', interrupted)
}

/**
 * Finds a program on the search path.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | null} its path
 */
export function find(name, env = process.env) {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path
    } catch {
      // Not here; the next folder may have it.
    }
  }
  return null
}

/** The last `count` lines of a program's output that say something. @param {string} output */
export const lastLines = (output, count = 15) =>
  output
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n')
