import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { storageError } from './storage-errors.ts'

/**
 * Replaces `file` as a whole, mode 0600: after a crash or a full disk there is the old content or the new one. On the
 * disk when it returns.
 * @throws SecurityException `storage_full`, `storage_read_only`, `not_found` (the folder).
 */
export function replaceFile(file: string, content: string): void {
  const draft = `${file}.new`
  try {
    rmSync(draft, { force: true })
    writeFileSync(draft, content, { flag: 'wx', mode: 0o600, flush: true })
    renameSync(draft, file)
    synchroniseFolder(file)
  } catch (error) {
    removeQuietly(draft)
    throw storageError(error, file)
  }
}

/** The first error is the one to tell; a draft that stays is removed by the next write. */
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // The folder cannot be written.
  }
}

/** Takes the file away from other users of the machine where it was created, copied or restored with a wider mode. */
export function makePrivate(file: string): void {
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600)
}

/** Makes a rename in the file's folder durable. Windows has no such call and needs none. */
export function synchroniseFolder(file: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
