import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../setup/processes.mjs'

/** Bun's names of what Node calls them. @type {Record<string, string>} */
const systems = { linux: 'linux', darwin: 'darwin', win32: 'windows' }
/** @type {Record<string, string>} */
const processors = { x64: 'x64', arm64: 'aarch64' }

/**
 * Where Bun is, or null: its package for this platform is optional, and its own `bin` is written by an install script,
 * which does not run here.
 * @param {string} [folder] the clone
 */
export function bunBinary(folder = root) {
  const platform = `${systems[process.platform]}-${processors[process.arch]}`
  const name = process.platform === 'win32' ? 'bun.exe' : 'bun'
  const file = join(folder, 'node_modules', '@oven', `bun-${platform}`, 'bin', name)
  return existsSync(file) ? file : null
}
