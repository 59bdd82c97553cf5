import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from './folder.ts'

/** The repository's own test vectors. */
export const vectorFolder = fileURLToPath(new URL('../vectors', import.meta.url))

export interface VectorCase extends Record<string, unknown> {
  tcId: number
  result: string
}
export interface VectorGroup extends Record<string, unknown> {
  tests: VectorCase[]
}
export interface Vectors extends Record<string, unknown> {
  algorithm: string
  schema: string
  testGroups: VectorGroup[]
}

export const readVectors = (name: string): Vectors =>
  JSON.parse(readFileSync(join(vectorFolder, name), 'utf8')) as Vectors

/** A file of the given content, in a folder that goes away with the test. @returns its path */
export function vectorFile(content: unknown, name = 'changed_test.json'): string {
  const path = join(temporaryFolder(), basename(name))
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** The first case of a file, to be changed. */
export function firstCase(vectors: Vectors): VectorCase {
  const first = vectors.testGroups[0]?.tests[0]
  if (first === undefined) throw new Error('The file has no case.')
  return first
}
