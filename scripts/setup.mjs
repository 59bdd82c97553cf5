import { build, isBuilt } from './setup/bundles.mjs'
import { exclusively } from './setup/exclusively.mjs'
import { install, missing } from './setup/packages.mjs'
import { compile, isSettled } from './setup/pkcs11.mjs'
import { SetupError, say } from './setup/processes.mjs'
import { node24, requireSupportedNode } from './setup/runtime.mjs'

export { environment, node24 } from './setup/runtime.mjs'

/** Installs the packages of the lock file, and compiles what has to be, unless that is done. */
export async function ensureInstalled() {
  requireSupportedNode()
  if (missing().length === 0 && isSettled()) return
  await exclusively(async () => {
    if (missing().length > 0) await install()
    if (!isSettled()) await compile()
  })
}

/** Builds the bundles, unless they are fresh. */
export async function ensureBuilt() {
  if (isBuilt()) return
  await exclusively(async () => {
    if (!isBuilt()) await build()
  })
}

/**
 * Everything between a fresh clone and a program that runs.
 * @returns {Promise<string>} the Node to run it with
 */
export async function prepare() {
  await ensureInstalled()
  await ensureBuilt()
  return node24()
}

/**
 * The body of a script: its exit code is the process's, and a set-up that failed is told in plain words.
 * @param {() => Promise<number>} body
 */
export async function main(body) {
  try {
    process.exitCode = await body()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(`groundlock: ${error.message}`)
    process.exitCode = 2
  }
}
