import { closeSync, openSync, readSync } from 'node:fs'
import { z } from 'zod'

/** The largest file of the public collection is some 12 MB. */
export const maxFileBytes = 64 * 1024 * 1024

/** The largest file of the public collection has some 2,000 cases. */
export const maxCases = 200_000

const VectorFile = z.object({
  algorithm: z.string().max(200).default('unknown'),
  schema: z.string().max(200),
  testGroups: z.array(z.unknown()).max(maxCases),
})
export type VectorFile = z.infer<typeof VectorFile>

/** A file that cannot be run. `message` is for people. */
export class MalformedFile extends Error {}

/**
 * Reads a file of the C2SP/Wycheproof v1 form: the frame only, groups are read by their adapters.
 * @returns null where the JSON is fine and is no vector file at all
 * @throws MalformedFile
 */
export function readVectorFile(path: string): VectorFile | null {
  const value = parse(readBounded(path))
  if (typeof value !== 'object' || value === null || !('testGroups' in value)) return null
  const read = VectorFile.safeParse(value)
  if (!read.success) throw new MalformedFile(describeIssue(read.error))
  return read.data
}

/** Where a value does not fit and why, in one line. */
export function describeIssue(error: z.ZodError, place = ''): string {
  const [first] = error.issues
  if (first === undefined) return 'it does not fit the schema'
  const where = [place, ...first.path.map(String)].filter((part) => part !== '').join('.')
  return `${where === '' ? 'the file' : where}: ${first.message}`
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new MalformedFile('it is not JSON')
  }
}

function readBounded(path: string): Buffer {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    throw new MalformedFile(`it cannot be read (${codeOf(error)})`)
  }
  try {
    return readUpTo(descriptor, maxFileBytes)
  } catch (error) {
    if (error instanceof MalformedFile) throw error
    throw new MalformedFile(`it cannot be read (${codeOf(error)})`)
  } finally {
    closeSync(descriptor)
  }
}

/** Counts what comes instead of believing a size, so that a pipe or a device is bounded too. */
function readUpTo(descriptor: number, limit: number): Buffer {
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const chunk = Buffer.allocUnsafe(1024 * 1024)
    const length = readSync(descriptor, chunk)
    if (length === 0) return Buffer.concat(chunks, total)
    total += length
    if (total > limit) throw new MalformedFile(`it is larger than ${limit / 1024 / 1024} MiB`)
    chunks.push(chunk.subarray(0, length))
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
