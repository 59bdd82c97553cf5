import { type Dirent, readdirSync, statSync } from 'node:fs'
import { basename, join, relative } from 'node:path'

/** A file to run. `named`: given by name, not found in a folder. */
export interface FoundFile {
  readonly path: string
  /** As it is shown: relative to the folder it was found in. */
  readonly name: string
  readonly named: boolean
}

export const maxFiles = 10_000
const maxDepth = 12

/**
 * The files behind the arguments of the command: files as they are, folders with every `.json` below them, in the
 * order of their names. Hidden folders and links to folders are not entered.
 * @throws Error naming the argument that is not there, or a folder with too much in it
 */
export function findFiles(paths: readonly string[]): FoundFile[] {
  const found: FoundFile[] = []
  for (const path of paths) {
    const entry = statSync(path, { throwIfNoEntry: false })
    if (entry === undefined) throw new Error(`There is no file or folder ${path}.`)
    if (!entry.isDirectory()) found.push({ path, name: basename(path), named: true })
    else
      for (const file of walk(path, 0)) found.push({ path: file, name: relative(path, file), named: false })
    if (found.length > maxFiles) throw new Error(`There are more than ${maxFiles} files in ${path}.`)
  }
  return found
}

function* walk(folder: string, depth: number): Generator<string> {
  if (depth > maxDepth) return
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort(byName)) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* walk(path, depth + 1)
    else if (entry.name.endsWith('.json') && (entry.isFile() || entry.isSymbolicLink())) yield path
  }
}

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1)
