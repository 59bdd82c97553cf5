import { accessSync, constants, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ErrorCode } from '#shared/errors.ts'
import { SecurityException } from '../errors.ts'

const messages = {
  storage_full:
    'The disk that holds the data folder is full, so nothing was written. Free some space and try again.',
  storage_read_only:
    'The data folder cannot be written. Give this user write permission on it, or choose another one with --data-dir.',
  database_damaged:
    'The database is damaged and was left as it is. Restore it from a backup, or move it away to start afresh.',
  conflict: 'What was to be stored contradicts what the database already holds, so nothing was written.',
  not_found: 'The folder for the data does not exist. Create it, or choose another one with --data-dir.',
} as const satisfies Partial<Record<ErrorCode, string>>

type StorageCode = keyof typeof messages

const busy = 'Another program is using the database. Close it and try again.'

/** Codes of the operating system (errno.h). */
const systemCodes: Readonly<Record<string, StorageCode>> = {
  ENOSPC: 'storage_full',
  EDQUOT: 'storage_full',
  EFBIG: 'storage_full',
  EROFS: 'storage_read_only',
  EACCES: 'storage_read_only',
  EPERM: 'storage_read_only',
  ENOENT: 'not_found',
  ENOTDIR: 'not_found',
}

/** Primary result codes of SQLite (sqlite.org/rescode.html); extended codes start with one of them. */
const sqliteCodes: readonly (readonly [prefix: string, code: StorageCode])[] = [
  ['SQLITE_FULL', 'storage_full'],
  ['SQLITE_READONLY', 'storage_read_only'],
  ['SQLITE_PERM', 'storage_read_only'],
  ['SQLITE_CORRUPT', 'database_damaged'],
  ['SQLITE_NOTADB', 'database_damaged'],
  ['SQLITE_CONSTRAINT', 'conflict'],
]

/** The `code` of a system or SQLite error. */
export function errorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/**
 * Turns what the file system or SQLite threw into a typed error that says what to do. Anything that says nothing
 * about storage (a SecurityException, a mistake in a statement) is handed back unchanged. `file` is looked at where
 * the driver's code says only that input or output failed.
 */
export function storageError(error: unknown, file: string): Error {
  const code = errorCode(error)
  if (code?.startsWith('SQLITE_BUSY') || code?.startsWith('SQLITE_LOCKED')) {
    return new SecurityException('conflict', busy, { cause: error })
  }
  const kind = error instanceof SecurityException || code === null ? null : kindOf(code, file)
  if (kind) return new SecurityException(kind, messages[kind], { cause: error })
  return error instanceof Error ? error : new Error('the database failed', { cause: error })
}

function kindOf(code: string, file: string): StorageCode | null {
  const known = systemCodes[code] ?? sqliteCodes.find(([prefix]) => code.startsWith(prefix))?.[1]
  if (known) return known
  // A full disk can show as a failed write of the shared-memory file, a read-only one as a file that cannot be opened.
  return code.startsWith('SQLITE_IOERR') || code.startsWith('SQLITE_CANTOPEN') ? diagnose(file) : null
}

function diagnose(file: string): StorageCode | null {
  const folder = dirname(file)
  try {
    accessSync(folder, constants.W_OK)
    return statfsSync(folder).bavail === 0 ? 'storage_full' : null
  } catch (error) {
    return systemCodes[errorCode(error) ?? ''] ?? null
  }
}
