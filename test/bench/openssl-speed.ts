import { spawnSync } from 'node:child_process'

/** One figure of `openssl speed`: its arguments, and the line of its machine-readable output that has the figure. */
export interface SpeedRun {
  readonly arguments: readonly string[]
  /** Of the sources of `openssl speed`: `R` is a cipher or digest, `R1` an RSA signature, `R2` its verification... */
  readonly line: string
}

/**
 * The `openssl speed` of this machine. It counts operations per second of processor time too, of one context that it
 * reuses, in C: what the hardware does, rather than what a program can reach.
 */
export class OpensslSpeed {
  /** As `OpenSSL 3.5.1`. */
  readonly version: string
  readonly #outputs = new Map<string, string>()

  private constructor(version: string) {
    this.version = version
  }

  /** Null where there is no openssl on the path. */
  static find(): OpensslSpeed | null {
    const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' })
    if (status !== 0) return null
    return new OpensslSpeed(stdout.split(' ').slice(0, 2).join(' '))
  }

  /** Operations per second; null where this openssl does not have the algorithm. Each run takes a second a figure. */
  rate({ arguments: wanted, line }: SpeedRun): number | null {
    const name = wanted.join(' ')
    const output = this.#outputs.get(name) ?? run(wanted)
    this.#outputs.set(name, output)
    return readSpeed(output, line)
  }
}

function run(wanted: readonly string[]): string {
  const { stdout, stderr } = spawnSync('openssl', ['speed', '-mr', '-seconds', '1', ...wanted], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return `${stdout}\n${stderr}`
}

/** `+R1:586:2048:0.30` is 586 operations in 0.30 seconds: the count comes first and the time last. */
export function readSpeed(output: string, line: string): number | null {
  const fields = output
    .split('\n')
    .find((text) => text.startsWith(`+${line}:`))
    ?.split(':')
  const [count, seconds] = [Number(fields?.[1]), Number(fields?.at(-1))]
  return count > 0 && seconds > 0 ? count / seconds : null
}
