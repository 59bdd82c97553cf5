import { join } from 'node:path'
import { _electron, expect, test } from '@playwright/test'
import { DemoFleet } from '../../scripts/demo/fleet.ts'
import { hasDisplay, installedBinary } from '../../scripts/start/electron.mjs'
import { Screen } from './support/screen.ts'

const executablePath = installedBinary()
const main = join(import.meta.dirname, '../../out/main/index.js')

test.skip(
  executablePath === null || !hasDisplay(),
  'needs the Electron binary and a display; neither is fetched here',
)

const fleet = new DemoFleet()
test.afterEach(() => fleet.stop())

test('the Electron window does the set-up, confined, and signs in again after a restart', async () => {
  await fleet.prepare()
  // Chromium does not run as root with its sandbox.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const start = () =>
    _electron.launch({
      executablePath: executablePath ?? '',
      args: [...asRoot, main, `--data-dir=${fleet.consoleFolder}`],
    })

  const first = await start()
  const page = await first.firstWindow()
  const screen = new Screen(page)
  await expect(screen.heading('Set up this console')).toBeVisible()
  const surface = await page.evaluate(() => ({
    bridge: Object.keys((window as unknown as { groundlock: object }).groundlock).sort(),
    node: ['require', 'process', 'Buffer'].filter((name) => name in window),
  }))
  expect(surface).toEqual({ bridge: ['call', 'on'], node: [] })
  await screen.createToken(fleet)
  await screen.createAuthority()
  await screen.button('Open the console').click()
  await expect(screen.row('Agents', 'ground-station', 'Trusted')).toBeVisible()
  await first.close()

  const second = await start()
  const again = new Screen(await second.firstWindow())
  await expect(again.heading('Sign in')).toBeVisible()
  await again.signIn(fleet.pin)
  await expect(again.row('Agents', 'ground-station', 'Trusted')).toBeVisible()
  await second.close()
})
