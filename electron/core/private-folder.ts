import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it, mode 0700, one by one: Node's own recursive mkdir never returns where a folder
 * cannot be made under one that exists, such as /proc.
 * @throws the file system's error, ENOTDIR where something else is in the way
 */
export function makePrivateFolder(path: string): void {
  const absolute = resolve(path)
  const found = statSync(absolute, { throwIfNoEntry: false })
  if (found?.isDirectory()) return
  if (dirname(absolute) !== absolute) makePrivateFolder(dirname(absolute))
  try {
    mkdirSync(absolute, { mode: 0o700 })
  } catch (error) {
    // Somebody else made it in the meantime.
    if (!statSync(absolute, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}
