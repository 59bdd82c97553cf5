import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { root, say } from './processes.mjs'

/** What set-up remembers between runs; removing the folder forgets it. */
export const memory = join(root, '.runtime')

const lockFile = join(memory, 'setup.lock')

/**
 * Runs `work` while no other set-up of this clone runs: two that install at once would break each other.
 * @template Result
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
export async function exclusively(work) {
  mkdirSync(memory, { recursive: true })
  let told = false
  while (!take()) {
    const owner = readOwner()
    if (owner === null || !isAlive(owner)) {
      rmSync(lockFile, { force: true })
      continue
    }
    if (!told) say(`Waiting for another set-up of this clone (process ${owner}) ...`)
    told = true
    await wait(200)
  }
  try {
    return await work()
  } finally {
    rmSync(lockFile, { force: true })
  }
}

function take() {
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  }
}

function readOwner() {
  try {
    return Number(readFileSync(lockFile, 'utf8')) || null
  } catch {
    return null
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}
