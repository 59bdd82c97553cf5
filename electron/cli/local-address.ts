import { closeSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fingerprint } from '#core/crypto/digest.ts'
import { SecurityException } from '#core/errors.ts'

/** Longest path of a UNIX socket, in bytes: sun_path of sockaddr_un holds 104 on macOS and 108 on Linux, with a zero. */
const longestPath = process.platform === 'linux' ? 107 : 103

/** An address to listen on or to connect to, for as long as it is not released. */
export interface LocalAddress {
  readonly path: string
  /** The socket's own file, to be removed when it is left over; null on Windows, where there is none. */
  readonly file: string | null
  release(): void
}

/**
 * The address of the local socket `name` of a data folder: `<folder>/<name>.sock`, or a named pipe on Windows. On
 * Linux a path that is too long for a socket is reached through a descriptor of its folder.
 * @throws SecurityException `configuration_invalid` if the path is too long, `not_found` if there is no such folder
 */
export function localAddress(folder: string, name: string): LocalAddress {
  const absolute = resolve(folder)
  if (process.platform === 'win32') {
    const digest = fingerprint(Buffer.from(absolute.toLowerCase())).slice(0, 32)
    return { path: `\\\\.\\pipe\\groundlock-${digest}-${name}`, file: null, release: () => undefined }
  }
  const file = join(absolute, `${name}.sock`)
  if (Buffer.byteLength(file) <= longestPath) return { path: file, file, release: () => undefined }
  if (process.platform !== 'linux') {
    throw new SecurityException(
      'configuration_invalid',
      `The path of the data folder is too long for a control socket (${longestPath} bytes). Choose a shorter one with --data-dir.`,
    )
  }
  let descriptor: number
  try {
    descriptor = openSync(absolute, 'r')
  } catch (error) {
    throw new SecurityException('not_found', 'There is no such data folder. Check --data-dir.', {
      cause: error,
    })
  }
  return { path: `/proc/self/fd/${descriptor}/${name}.sock`, file, release: () => closeSync(descriptor) }
}
