import { spawnSync } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './folder.ts'

const mount = (...parameters: string[]): boolean => spawnSync('mount', parameters).status === 0
const unmount = (folder: string): void => void spawnSync('umount', ['-l', folder])

/** A file system of its own, in memory. */
export interface SmallDisk {
  readonly folder: string
  /** Nothing can be written from here on, not even by root. */
  makeReadOnly: () => void
}

/** Whether this user may mount one: root on Linux, outside of most containers. */
export const canMount: boolean = ((): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  return spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp']).status === 0
})()

/** Mounts a disk of `kibibytes` for the running test. */
export function smallDisk(kibibytes: number): SmallDisk {
  const folder = temporaryFolder()
  if (!mount('-t', 'tmpfs', '-o', `size=${kibibytes}k,mode=0700`, 'tmpfs', folder)) {
    throw new Error('the disk could not be mounted')
  }
  onTestFinished(() => unmount(folder))
  return {
    folder,
    makeReadOnly: () => {
      if (!mount('-o', 'remount,ro', folder)) throw new Error('the disk could not be made read-only')
    },
  }
}
