import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Memory where there is such a folder: every commit and every vault waits for its disk, and tests make thousands. */
const root = ((): string => {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
})()

/** An empty folder that is gone when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(root, 'groundlock-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
