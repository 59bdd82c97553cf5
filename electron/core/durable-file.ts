import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { storageError } from './store/storage-errors.ts'

/**
 * Replaces `file` with `content` so that a crash leaves either the old file or the new one, never a part: written
 * beside it, flushed, renamed over it, and the folder flushed.
 * @param mode permission bits of the new file
 * @throws SecurityException `storage_full`, `storage_read_only`
 */
export function writeDurably(file: string, content: string | Uint8Array, mode = 0o600): void {
  const beside = `${file}.${process.pid}.new`
  try {
    const descriptor = openSync(beside, 'w', mode)
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(beside, file)
    syncFolder(dirname(file))
  } catch (error) {
    rmSync(beside, { force: true })
    throw storageError(error, file)
  }
}

/** Makes a rename durable. Windows cannot flush a folder and does not need to. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
