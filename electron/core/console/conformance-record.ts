import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConformanceRecord } from '#shared/model/conformance.ts'
import { writeDurably } from '../durable-file.ts'
import { makePrivateFolder } from '../private-folder.ts'
import { storageError } from '../store/storage-errors.ts'

const fileOf = (folder: string): string => join(folder, 'conformance.json')
const maxBytes = 1024 * 1024

/**
 * Keeps the result of a conformance run in a data folder, in place of the one before. A console that is running on
 * the folder does not mind: the file is replaced in one step and read when Settings is opened.
 * @throws SecurityException `storage_full`, `storage_read_only`
 */
export function writeConformance(folder: string, record: ConformanceRecord): void {
  try {
    makePrivateFolder(folder)
  } catch (error) {
    throw storageError(error, folder)
  }
  writeDurably(fileOf(folder), `${JSON.stringify(ConformanceRecord.parse(record))}\n`)
}

/** The last result in a data folder; null where none was kept, or what is there is not one. */
export function readConformance(folder: string): ConformanceRecord | null {
  try {
    const file = fileOf(folder)
    if (statSync(file).size > maxBytes) return null
    const read = ConformanceRecord.safeParse(JSON.parse(readFileSync(file, 'utf8')))
    return read.success ? read.data : null
  } catch {
    return null
  }
}
