import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

const program = join(import.meta.dirname, '../../../out/main/web.js')

type HostProcess = ChildProcessByStdio<null, Readable, Readable>

/** The browser host as a process of its own. */
export class WebHost {
  /** The one-use address that it printed first. */
  readonly url: string
  readonly #child: HostProcess
  readonly #ended: Promise<unknown>

  private constructor(url: string, child: HostProcess, ended: Promise<unknown>) {
    this.url = url
    this.#child = child
    this.#ended = ended
  }

  /** Starts it and waits until it is up. @throws Error with what it said when it ends first */
  static async start(dataFolder: string, port = 0): Promise<WebHost> {
    if (!existsSync(program)) throw new Error('out/main/web.js is missing; build first')
    const args = [program, '--data-dir', dataFolder, '--port', String(port)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = once(child, 'close')
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const address = new Promise<string>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const url = /^Groundlock console: (http\S+)$/.exec(line)?.[1]
        if (url !== undefined) resolve(url)
      })
    })
    const url = await Promise.race([address, ended.then(() => null)])
    if (url === null) throw new Error(`The browser host ended before it was up: ${errors}`)
    return new WebHost(url, child, ended)
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  get origin(): string {
    return new URL(this.url).origin
  }

  /** Ends it: politely with SIGTERM, or with SIGKILL as a crash would. @returns its exit code, null after a signal */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal)
    await this.#ended
    return this.#child.exitCode
  }
}
