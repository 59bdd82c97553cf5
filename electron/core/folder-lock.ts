import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { z } from 'zod'
import { writeDurably } from './durable-file.ts'
import { SecurityException } from './errors.ts'
import { requireNodeApi } from './store/opening.ts'
import { storageError } from './store/storage-errors.ts'

const Owner = z.object({ pid: z.number().int().positive(), program: z.string() })

/** Holds a folder for one process. `release` gives it back; so does the end of the process, however it comes. */
export interface FolderLock {
  release(): void
}

/**
 * Locks `folder` for this process. The lock is SQLite's exclusive file lock on an empty database, because the
 * operating system drops it when the process dies: there is no stale lock to judge, and no race to take one over.
 * `lock.json` beside it only tells people who holds it.
 * @param program what holds the folder, in words, e.g. `console`
 * @throws SecurityException `conflict` naming the holder, `storage_read_only`, `storage_full`
 */
export function lockFolder(folder: string, program: string): FolderLock {
  const ownerFile = join(folder, 'lock.json')
  const lockFile = join(folder, 'lock')
  requireNodeApi()
  let database: Sqlite.Database | null = null
  try {
    database = new Sqlite(lockFile, { timeout: 0 })
    chmodSync(lockFile, 0o600)
    database.exec('BEGIN EXCLUSIVE')
    writeDurably(ownerFile, JSON.stringify({ pid: process.pid, program }))
  } catch (error) {
    database?.close()
    throw explain(error, lockFile, ownerFile)
  }
  const held = database
  return {
    release() {
      if (!held.open) return
      rmSync(ownerFile, { force: true })
      held.close()
    },
  }
}

function explain(error: unknown, lockFile: string, ownerFile: string): Error {
  const code = error instanceof Sqlite.SqliteError ? error.code : ''
  if (code.startsWith('SQLITE_BUSY')) return heldByAnother(ownerFile)
  if (code.startsWith('SQLITE_NOTADB')) {
    const message = 'The file "lock" in the data folder is not a lock. Remove it and start again.'
    return new SecurityException('conflict', message, { cause: error })
  }
  return storageError(error, lockFile)
}

function heldByAnother(ownerFile: string): Error {
  let holder = 'another program'
  try {
    const owner = Owner.parse(JSON.parse(readFileSync(ownerFile, 'utf8')))
    holder = `another ${owner.program} (process ${owner.pid})`
  } catch {
    // It is just starting or stopping; the refusal stands without its name.
  }
  return new SecurityException(
    'conflict',
    `The data folder is in use by ${holder}. Use that one, stop it first, or choose another folder with --data-dir.`,
  )
}
