import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makePrivateFolder } from '#core/private-folder.ts'
import { temporaryFolder } from '../../support/folder.ts'

describe('a private folder', () => {
  it('is made with those above it, open to its owner only', () => {
    const folder = join(temporaryFolder(), 'a', 'b')
    makePrivateFolder(folder)
    makePrivateFolder(folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('fails where a file is in the way', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    expect(() => makePrivateFolder(join(file, 'sub'))).toThrow()
  })

  // Node's recursive mkdir spins for ever there.
  it.runIf(existsSync('/proc/self'))('fails, and soon, where no folder can be made', () => {
    expect(() => makePrivateFolder('/proc/groundlock/sub')).toThrow()
  })
})
