import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError, lastLines, root, run, say } from './processes.mjs'
import { environment, node24 } from './runtime.mjs'

const stampFile = join('out', 'built.json')

/** What the bundles are made of. */
const inputs = [
  'electron',
  'renderer',
  'shared',
  'resources',
  'electron.vite.config.ts',
  'tsconfig.base.json',
]
const manifests = ['package.json', 'package-lock.json']

/** What a build leaves behind. */
const outputs = ['main/index.js', 'main/web.js', 'main/cli.js', 'preload/index.cjs', 'renderer/index.html']

/**
 * A hash over the names and the content of everything the bundles are made of.
 * @param {string} [folder] the clone
 */
export function hashInputs(folder = root) {
  const hash = createHash('sha256')
  for (const file of [...inputs, ...manifests].flatMap((path) => filesBelow(folder, path)).sort()) {
    const content = readFileSync(join(folder, file))
    hash.update(`${file}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

/** @param {string} folder @param {string} path @returns {string[]} */
function filesBelow(folder, path) {
  if (!existsSync(join(folder, path))) return []
  try {
    return readdirSync(join(folder, path), { withFileTypes: true })
      .filter((entry) => !entry.name.startsWith('.'))
      .flatMap((entry) =>
        entry.isDirectory() ? filesBelow(folder, `${path}/${entry.name}`) : [`${path}/${entry.name}`],
      )
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOTDIR') return [path]
    throw error
  }
}

/** True if the bundles are there and were made from what is in the clone now. @param {string} [folder] */
export function isBuilt(folder = root) {
  if (!outputs.every((file) => existsSync(join(folder, 'out', file)))) return false
  try {
    return JSON.parse(readFileSync(join(folder, stampFile), 'utf8')).inputs === hashInputs(folder)
  } catch {
    return false
  }
}

/** @throws SetupError with the bundler's words */
export async function build() {
  say('Building ...')
  const hash = hashInputs()
  rmSync(join(root, stampFile), { force: true })
  const bundler = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js')
  const { ok, output } = await run(node24(), [bundler, 'build', '--logLevel', 'warn'], { env: environment() })
  if (!ok) throw new SetupError(`The build failed:\n${lastLines(output, 40)}`)
  mkdirSync(join(root, 'out'), { recursive: true })
  writeFileSync(join(root, stampFile), JSON.stringify({ inputs: hash }))
}
