import { accessSync, chmodSync, constants, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { SecurityException } from './errors.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { makePrivateFolder } from './private-folder.ts'
import { storageError } from './store/storage-errors.ts'

/** A data folder that this process holds, and where things are in it. */
export interface DataFolder {
  /** Absolute path. */
  readonly path: string
  readonly configurationFile: string
  readonly databaseFile: string
  /** The software token. */
  readonly vaultFile: string
  /** Gives the folder back to others. Safe to call twice. */
  release(): void
}

/** Where the files of a data folder are. */
export function dataFolderLayout(path: string): Omit<DataFolder, 'release'> {
  return {
    path,
    configurationFile: join(path, 'config.json'),
    databaseFile: join(path, 'groundlock.db'),
    vaultFile: join(path, 'token.vault'),
  }
}

/**
 * The platform's folder for application data: `$XDG_DATA_HOME/groundlock` (XDG base directory specification: a
 * relative value is ignored), `~/Library/Application Support/Groundlock`, `%APPDATA%\Groundlock`.
 */
export function defaultDataFolder(
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Groundlock')
  if (platform === 'win32')
    return join(environment['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'Groundlock')
  const base = environment['XDG_DATA_HOME']
  return join(base !== undefined && isAbsolute(base) ? base : join(home, '.local', 'share'), 'groundlock')
}

/**
 * Makes the folder if it is missing, takes read and write access from everybody else (mode 0700), and locks it.
 * @param program what will hold the folder, in words: `console`, `agent`
 * @throws SecurityException `conflict` (not a folder, another user's, in use), `storage_read_only`, `storage_full`
 */
export function openDataFolder(path: string, program = 'console'): DataFolder {
  const absolute = resolve(path)
  prepareFolder(absolute)
  const lock: FolderLock = lockFolder(absolute, program)
  return { ...dataFolderLayout(absolute), release: () => lock.release() }
}

function prepareFolder(path: string): void {
  try {
    makePrivateFolder(path)
    const found = statSync(path)
    if (process.getuid !== undefined && found.uid !== process.getuid()) {
      throw new SecurityException(
        'conflict',
        'The data folder belongs to another user. Start the console as that user, or choose another folder with --data-dir.',
      )
    }
    if ((found.mode & 0o077) !== 0 && process.platform !== 'win32') chmodSync(path, 0o700)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EEXIST' || code === 'ENOTDIR') {
      throw new SecurityException(
        'conflict',
        'The data folder is not a folder. Choose another with --data-dir.',
        { cause: error },
      )
    }
    throw storageError(error, path)
  }
}
