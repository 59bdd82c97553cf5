import { existsSync } from 'node:fs'
import { SetupError, find, lastLines, run, say } from '../setup/processes.mjs'

/** What the tests need from the system: Debian's package, and how to see that it is there. */
const needs = [
  { package: 'chromium', isThere: () => find('chromium') !== null },
  { package: 'openssl', isThere: () => find('openssl') !== null },
  { package: 'softhsm2', isThere: () => find('softhsm2-util') !== null },
  { package: 'libnss3-tools', isThere: () => find('certutil') !== null },
  { package: 'fonts-liberation', isThere: () => existsSync('/usr/share/fonts/truetype/liberation') },
]

/** Debian's packages that are missing here. */
export const missingSystemPackages = () =>
  needs.filter(({ isThere }) => !isThere()).map((need) => need.package)

/**
 * Installs what the tests need from the system, if this user may.
 * @throws SetupError naming exactly what to install
 */
export async function ensureSystemPackages() {
  const absent = missingSystemPackages()
  if (absent.length === 0) return
  const list = absent.join(' ')
  const byHand = `The tests need ${absent.length === 1 ? 'a system package' : 'system packages'} that this user cannot install: ${list}\n  sudo apt-get install -y ${list}`
  const become = await rootPrefix()
  if (find('apt-get') === null || become === null) throw new SetupError(byHand)
  say(`Installing ${list} with apt-get ...`)
  const apt = [...become, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q']
  const steps = [
    [...apt, 'update'],
    [...apt, 'install', '-y', '--no-install-recommends', ...absent],
  ]
  for (const [command = '', ...args] of steps) {
    const { ok, output } = await run(command, args)
    if (!ok) throw new SetupError(`${[command, ...args].join(' ')} failed:\n${lastLines(output)}\n${byHand}`)
  }
  const still = missingSystemPackages()
  if (still.length > 0) throw new SetupError(`apt-get did not bring ${still.join(', ')}.\n${byHand}`)
}

/** How to run something as root without being asked for a password; null if that is not possible. */
async function rootPrefix() {
  if (process.getuid?.() === 0) return []
  return find('sudo') !== null && (await run('sudo', ['-n', 'true'])).ok ? ['sudo', '-n'] : null
}
