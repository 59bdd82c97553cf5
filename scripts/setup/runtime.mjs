import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { SetupError, root } from './processes.mjs'

/** better-sqlite3 is built for Node-API 10; an older runtime crashes when it loads it. */
const nodeApi = 10

/** Linux without glibc (Alpine) cannot run the packaged Node. */
export function isMusl() {
  if (process.platform !== 'linux') return false
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  return report.header.glibcVersionRuntime === undefined
}

/** Where the lock file's own Node is on this platform, installed or not; null where it has none. */
export function packagedNode() {
  if (process.platform !== 'linux' || isMusl() || !['x64', 'arm64'].includes(process.arch)) return null
  return join(root, 'node_modules', `node-linux-${process.arch}`)
}

/**
 * The Node that runs the console: the one of the lock file, else the running one if it is new enough.
 * @throws SetupError naming what to install
 */
export function node24() {
  const packaged = packagedNode()
  if (packaged !== null && existsSync(join(packaged, 'bin', 'node'))) return join(packaged, 'bin', 'node')
  if (Number(process.versions.napi) >= nodeApi) return process.execPath
  throw new SetupError(
    `Groundlock runs on Node.js 24, this is ${process.version}, and there is no packaged Node.js for this platform ` +
      `(${process.platform} ${process.arch}). Install Node.js 24 and start again.`,
  )
}

/** The environment in which `node` and the clone's own tools are found first. @param {string} [node] */
export function environment(node = node24()) {
  const folders = [dirname(node), join(root, 'node_modules', '.bin'), process.env['PATH'] ?? '']
  return { ...process.env, PATH: folders.join(delimiter) }
}

/** @throws SetupError if the running Node cannot even install */
export function requireSupportedNode() {
  if (Number(process.versions.node.split('.')[0]) >= 20) return
  throw new SetupError(`Groundlock needs Node.js 20 or newer to set itself up; this is ${process.version}.`)
}
