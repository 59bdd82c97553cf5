import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { memory } from './exclusively.mjs'
import { SetupError, lastLines, root, run, say } from './processes.mjs'
import { environment, isMusl, packagedNode } from './runtime.mjs'

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string | string[],
 *   cpu?: string | string[], libc?: string | string[] }} LockedPackage
 * @typedef {Record<string, LockedPackage>} LockedPackages paths below the clone, as in package-lock.json
 * @typedef {{ os: string, cpu: string, libc: string }} Platform
 */

/** @returns {Platform} */
const thisPlatform = () => ({ os: process.platform, cpu: process.arch, libc: isMusl() ? 'musl' : 'glibc' })

/**
 * The locked packages that this platform needs and that are not installed in the locked version. npm leaves out an
 * optional package for the platform without a word if the running Node is too old for it, so those are counted too.
 * @param {LockedPackages} locked packages of package-lock.json
 * @param {LockedPackages} installed packages of node_modules/.package-lock.json, which npm writes last
 * @param {Platform} platform
 * @param {(path: string) => boolean} isThere
 * @returns {string[]} their paths
 */
export function missingPackages(locked, installed, platform, isThere) {
  return Object.entries(locked)
    .filter(([path, wanted]) => {
      if (path === '' || !isNeeded(wanted, platform)) return false
      const found = Object.hasOwn(installed, path) ? installed[path] : undefined
      if (found === undefined || !isThere(path)) return true
      return found.version !== wanted.version || found.integrity !== wanted.integrity
    })
    .map(([path]) => path)
}

/** @param {LockedPackage} wanted @param {Platform} platform */
function isNeeded({ optional = false, os, cpu, libc }, platform) {
  const forPlatform = fits(os, platform.os) && fits(cpu, platform.cpu) && fits(libc, platform.libc)
  const isPlatformPackage = os !== undefined || cpu !== undefined
  return forPlatform && (!optional || isPlatformPackage)
}

/** package.json's `os`, `cpu` and `libc`: a name or a list of names, `!name` to exclude. @param {string | string[] | undefined} allowed @param {string} actual */
function fits(allowed, actual) {
  const names = allowed === undefined ? [] : [allowed].flat()
  if (names.includes(`!${actual}`)) return false
  return names.every((name) => name.startsWith('!')) || names.includes(actual)
}

/** @param {string} file @returns {LockedPackages} */
function readLock(file) {
  if (!existsSync(file)) return {}
  return /** @type {{ packages: LockedPackages }} */ (JSON.parse(readFileSync(file, 'utf8'))).packages
}

/** What is missing in this clone. */
export const missing = () =>
  missingPackages(
    readLock(join(root, 'package-lock.json')),
    readLock(join(root, 'node_modules', '.package-lock.json')),
    thisPlatform(),
    (path) => existsSync(join(root, path, 'package.json')),
  )

/**
 * Installs what package-lock.json names; nothing else is run or fetched by the packages themselves.
 * @throws SetupError with npm's own words
 */
export async function install() {
  say('Installing the packages of package-lock.json (once, about half a minute) ...')
  await ci(process.env)
  if (missing().length === 0) return
  // npm left packages out because the running Node is older than they ask for. The lock file's own is there by now.
  await underPackagedNode(ci)
  const absent = missing()
  if (absent.length > 0)
    throw new SetupError(`npm did not install ${absent.join(', ')}. Try a newer npm or Node.js 24.`)
}

/** @param {NodeJS.ProcessEnv} env */
async function ci(env) {
  const flags = [
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]
  const { ok, output } = await npm(['ci', ...flags], env)
  if (!ok) throw new SetupError(`npm could not install the packages:\n${lastLines(output)}`)
}

/**
 * npm ci removes the packaged Node while it runs under it, so it is given another name first.
 * @param {(env: NodeJS.ProcessEnv) => Promise<void>} work
 */
async function underPackagedNode(work) {
  const packaged = packagedNode()
  const binary = packaged === null ? null : join(packaged, 'bin', 'node')
  if (binary === null || !existsSync(binary)) return
  const folder = join(memory, 'install')
  const node = join(folder, 'node')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    linkSync(binary, node)
  } catch {
    copyFileSync(binary, node)
    chmodSync(node, 0o755)
  }
  try {
    await work(environment(node))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string[]} args @param {NodeJS.ProcessEnv} env */
export function npm(args, env) {
  const windows = process.platform === 'win32'
  return windows ? run('cmd', ['/d', '/s', '/c', 'npm', ...args], { env }) : run('npm', args, { env })
}
