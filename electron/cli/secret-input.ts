import { createReadStream, fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { ReadStream as TerminalStream } from 'node:tty'
import { isatty } from 'node:tty'
import { usageFailure } from './outcome.ts'
import type { Writer } from './output.ts'

/** Longest secret that is read, in bytes; a PIN has at most 128 characters. */
const longestSecret = 512

/** Where secrets come from. An argument is no place for one: every process of the machine can read it. */
export interface SecretOptions {
  /** A file descriptor that was handed over, e.g. `3` of `3< pin-file`. */
  readonly pinFd?: number | undefined
  /** Standard input, one secret a line. */
  readonly pinStdin?: boolean | undefined
}

export interface SecretInput {
  /** A person answers, who may mistype what cannot be seen. */
  readonly interactive: boolean
  /** The next secret, in a buffer that the caller fills with zeros. @throws CommandFailure if there is none */
  read(prompt: string): Promise<Buffer>
  /** Forgets what was read ahead and lets go of the source. */
  close(): void
}

/** What the process has for asking. */
export interface Asking {
  readonly stdin: Readable & Partial<Pick<TerminalStream, 'isTTY' | 'setRawMode'>>
  readonly stderr: Writer
}

/**
 * The source that the options name; without one the terminal, without echo; null where there is neither.
 * @throws CommandFailure if both are named, or the descriptor is not open
 */
export function openSecretInput(options: SecretOptions, asking: Asking): SecretInput | null {
  const { pinFd, pinStdin = false } = options
  if (pinFd !== undefined && pinStdin) throw usageFailure('Give either --pin-fd or --pin-stdin, not both.')
  if (pinFd !== undefined)
    return new SecretLines(pinFd === 0 ? asking.stdin : openDescriptor(pinFd), '--pin-fd')
  if (pinStdin) return new SecretLines(asking.stdin, '--pin-stdin')
  return asking.stdin.isTTY === true ? new Prompt(asking) : null
}

function openDescriptor(descriptor: number): Readable {
  let isFile: boolean
  try {
    isFile = fstatSync(descriptor).isFile()
  } catch (error) {
    throw usageFailure(`File descriptor ${descriptor} of --pin-fd is not open (${describe(error)}).`)
  }
  if (isatty(descriptor)) throw usageFailure('--pin-fd is a terminal. Leave it out to be asked for the PIN.')
  // A pipe may be in non-blocking mode, which only a socket stream reads correctly.
  return isFile ? createReadStream('', { fd: descriptor }) : new Socket({ fd: descriptor, writable: false })
}

const describe = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'

/** Secrets one a line from a stream. What is read is overwritten as soon as it has been handed on. */
class SecretLines implements SecretInput {
  readonly interactive = false
  readonly #source: Readable
  readonly #option: string
  #pending = Buffer.alloc(0)
  #ended = false

  constructor(source: Readable, option: string) {
    this.#source = source
    this.#option = option
    source.pause()
  }

  async read(): Promise<Buffer> {
    for (;;) {
      const end = this.#pending.indexOf(0x0a)
      if (end >= 0) return this.#take(end, end + 1)
      if (this.#pending.length > longestSecret)
        throw this.#failure(`gives a line of more than ${longestSecret} bytes`)
      if (this.#ended) {
        if (this.#pending.length > 0) return this.#take(this.#pending.length, this.#pending.length)
        throw this.#failure('ended before the PIN came')
      }
      await this.#more()
    }
  }

  close(): void {
    this.#pending.fill(0)
    this.#source.destroy()
  }

  #take(end: number, next: number): Buffer {
    const rest = Buffer.from(this.#pending.subarray(next))
    const last = end > 0 && this.#pending[end - 1] === 0x0d ? end - 1 : end
    const secret = Buffer.alloc(last)
    this.#pending.copy(secret, 0, 0, last)
    this.#pending.fill(0)
    this.#pending = rest
    if (secret.length === 0) throw this.#failure('gives an empty PIN')
    return secret
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (after: () => void): void => {
        this.#source.pause().off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError)
        after()
      }
      const onData = (chunk: Buffer | string): void => {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
        const joined = Buffer.concat([this.#pending, bytes])
        this.#pending.fill(0)
        bytes.fill(0)
        this.#pending = joined
        settle(resolve)
      }
      const onEnd = (): void => {
        this.#ended = true
        settle(resolve)
      }
      const onError = (error: Error): void =>
        settle(() => reject(this.#failure(`cannot be read (${describe(error)})`)))
      if (this.#source.readableEnded || this.#source.destroyed) return onEnd()
      this.#source.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError).resume()
    })
  }

  #failure(what: string): Error {
    return usageFailure(`${this.#option} ${what}.`)
  }
}

const keys = {
  interrupt: 0x03,
  endOfInput: 0x04,
  backspace: 0x08,
  lineFeed: 0x0a,
  enter: 0x0d,
  clear: 0x15,
  delete: 0x7f,
}

/** Asks on the terminal. Nothing of what is typed is shown, not even how long it is. */
class Prompt implements SecretInput {
  readonly interactive = true
  readonly #asking: Asking

  constructor(asking: Asking) {
    this.#asking = asking
  }

  async read(prompt: string): Promise<Buffer> {
    const { stdin, stderr } = this.#asking
    stderr.write(`${prompt}: `)
    stdin.setRawMode?.(true)
    const typed = Buffer.alloc(longestSecret)
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        let length = 0
        const finish = (settle: () => void): void => {
          stdin.pause().off('data', onData)
          settle()
        }
        const onData = (chunk: Buffer): void => {
          for (const byte of chunk) {
            if (byte === keys.enter || byte === keys.lineFeed) {
              finish(() => resolve(Buffer.from(typed.subarray(0, length))))
              break
            }
            if (byte === keys.interrupt || (byte === keys.endOfInput && length === 0)) {
              finish(() => reject(usageFailure('No PIN was entered.')))
              break
            }
            if (byte === keys.clear) length = 0
            else if (byte === keys.backspace || byte === keys.delete)
              length = lengthWithoutLast(typed, length)
            else if (byte >= 0x20 && length < longestSecret) length = typed.writeUInt8(byte, length)
          }
          chunk.fill(0)
        }
        stdin.on('data', onData).resume()
      })
    } finally {
      typed.fill(0)
      stdin.setRawMode?.(false)
      stderr.write('\n')
    }
  }

  close(): void {
    const { stdin } = this.#asking
    stdin.setRawMode?.(false)
    stdin.pause()
  }
}

/** Takes back one character, which in UTF-8 may be several bytes. */
function lengthWithoutLast(typed: Buffer, length: number): number {
  let end = Math.max(0, length - 1)
  while (end > 0 && ((typed[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return end
}
