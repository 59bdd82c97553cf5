import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The built command line; the demo and the end-to-end tests run what users run. */
const program = join(import.meta.dirname, '../../out/main/cli.js')

/** One line that a process printed with `--json`. */
export type Line = Record<string, unknown>

/** A `groundlock` process whose JSON output can be waited for. */
export class GroundlockProcess {
  readonly name: string
  readonly lines: Line[] = []
  readonly exited: Promise<number | null>
  #errors = ''
  #ended = false
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting = new Set<() => void>()

  /** `input` is written to standard input, which is then closed. */
  constructor(name: string, args: readonly string[], input = '') {
    this.name = name
    if (!existsSync(program)) throw new Error('out/main/cli.js is missing; build first')
    this.#child = spawn(process.execPath, [program, ...args, '--json'], { stdio: 'pipe' })
    this.#child.stdin.on('error', () => undefined)
    this.#child.stdin.end(input)
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()))
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Line)
      this.#wake()
    })
    this.exited = once(this.#child, 'close').then(([code]) => {
      this.#ended = true
      this.#wake()
      return code as number | null
    })
  }

  get errors(): string {
    return this.#errors.trim()
  }

  /**
   * The first line after `from` that `matches`. Rejects when the process ends first or nothing comes in `seconds`.
   * `what` says in the error what was waited for.
   */
  async line(what: string, matches: (line: Line) => boolean, { from = 0, seconds = 20 } = {}): Promise<Line> {
    const deadline = AbortSignal.timeout(seconds * 1000)
    for (;;) {
      const found = this.lines.slice(from).find(matches)
      if (found !== undefined) return found
      if (this.#ended) throw new Error(`${this.name} ended before ${what}: ${this.errors}`)
      if (deadline.aborted)
        throw new Error(`${this.name}: no ${what} within ${seconds} seconds. ${this.errors}`)
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake)
          deadline.removeEventListener('abort', wake)
          resolve()
        }
        this.#waiting.add(wake)
        deadline.addEventListener('abort', wake, { once: true })
      })
    }
  }

  /** Ends the process: politely with SIGTERM, or with SIGKILL as a crash would. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (!this.#ended) this.#child.kill(signal)
    return this.exited
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}

/** Runs a `groundlock` command to its end. */
export async function groundlock(
  args: readonly string[],
  input = '',
): Promise<{ code: number | null; lines: Line[]; errors: string }> {
  const run = new GroundlockProcess(args.slice(0, 2).join(' '), args, input)
  const code = await run.exited
  return { code, lines: run.lines, errors: run.errors }
}
