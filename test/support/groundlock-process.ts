import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const main = fileURLToPath(new URL('../../electron/cli/main.ts', import.meta.url))

/** A `groundlock` command as a process of its own, run from its sources. It is gone when the test ends. */
export class GroundlockProcess {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #ended: Promise<unknown>

  /** @param input what comes on standard input; @param descriptor what comes on file descriptor 3 */
  constructor(args: readonly string[], { input = '', descriptor = '' } = {}) {
    this.child = spawn(process.execPath, [main, ...args], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })
    const [stdin, stdout, stderr, third] = this.child.stdio
    // A command that refuses at once does not read what it is sent.
    for (const stream of [stdin, third]) stream?.on('error', () => undefined)
    stdin?.end(input)
    if (third !== undefined && third !== null && 'end' in third) third.end(descriptor)
    stdout?.on('data', (chunk) => (this.stdout += String(chunk)))
    stderr?.on('data', (chunk) => (this.stderr += String(chunk)))
    this.#ended = once(this.child, 'close')
    onTestFinished(async () => {
      this.child.kill('SIGKILL')
      await this.#ended
    })
  }

  /** Waits for the end. @returns the exit code, null if a signal ended it */
  async exit(): Promise<number | null> {
    await this.#ended
    return this.child.exitCode
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal)
    return this.exit()
  }
}

/** Runs a command to its end. */
export async function groundlock(
  args: readonly string[],
  input?: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const command = new GroundlockProcess(args, input === undefined ? {} : { input })
  const code = await command.exit()
  return { code, stdout: command.stdout, stderr: command.stderr }
}
