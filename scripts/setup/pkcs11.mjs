import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { memory } from './exclusively.mjs'
import { npm } from './packages.mjs'
import { find, lastLines, root, say } from './processes.mjs'
import { environment, node24, packagedNode } from './runtime.mjs'

const addon = join(root, 'node_modules', 'pkcs11js', 'build', 'Release', 'pkcs11.node')
const failureFile = join(memory, 'pkcs11.json')

/**
 * What stops pkcs11js, which has no prebuilt binary, from being compiled here.
 * @param {(name: string) => string | null} look finds a program
 * @param {string | null} headers folder that holds include/node
 * @returns {string[]} what is missing, in words
 */
export function missingTools(look, headers) {
  const absent = []
  if (!['g++', 'c++', 'clang++'].some((name) => look(name))) absent.push('a C++ compiler')
  if (!['make', 'gmake'].some((name) => look(name))) absent.push('make')
  if (!look('python3')) absent.push('python3')
  if (headers === null) absent.push('the headers of Node.js 24')
  return absent
}

/** The folder whose include/node has the headers of the Node that runs the console; never fetched. */
function headersFolder() {
  const folders = [packagedNode(), dirname(dirname(node24()))]
  return (
    folders.find((folder) => folder !== null && existsSync(join(folder, 'include', 'node', 'node_api.h'))) ??
    null
  )
}

/** True if the addon is built, or if trying again would fail as it did. */
export function isSettled() {
  if (existsSync(addon)) return true
  return readFailure() === situation()
}

/** What the outcome of a build depends on. */
function situation() {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'pkcs11js', 'package.json'), 'utf8'))
  return `pkcs11js ${version}: ${missingTools(find, headersFolder()).join(', ') || 'tools present'}`
}

function readFailure() {
  try {
    return JSON.parse(readFileSync(failureFile, 'utf8')).situation
  } catch {
    return null
  }
}

/**
 * Compiles pkcs11js where that is possible. Without it the console works on the software token, so a failure is a
 * note and is remembered until something changes.
 */
export async function compile() {
  const headers = headersFolder()
  const absent = missingTools(find, headers)
  let problem = `it is compiled here and this machine lacks ${absent.join(' and ')}`
  if (absent.length === 0 && headers !== null) {
    say('Compiling pkcs11js ...')
    const env = { ...environment(), npm_config_nodedir: headers }
    const { ok, output } = await npm(
      ['rebuild', 'pkcs11js', '--ignore-scripts=false', '--loglevel=error'],
      env,
    )
    if (ok && existsSync(addon)) {
      rmSync(failureFile, { force: true })
      return
    }
    problem = `compiling it failed:\n${lastLines(output, 6)}`
  }
  writeFileSync(failureFile, JSON.stringify({ situation: situation() }))
  say(
    `Note: no PKCS#11 tokens, because pkcs11js is not available: ${problem}. ` +
      'The software token needs none of this. For PKCS#11 on Debian: apt-get install g++ make python3, then start again.',
  )
}
