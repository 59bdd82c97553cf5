import { existsSync } from 'node:fs'
import { defineConfig } from '@playwright/test'

/** Debian's Chromium; CHROMIUM names another. */
const executablePath =
  process.env['CHROMIUM'] ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((file) => existsSync(file)) ??
  '/usr/bin/chromium'

/** The end-to-end tests: the built programs, real agents, a real browser. They need `electron-vite build` before. */
export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results/e2e',
  // Each test file runs a fleet of processes; two at once would only wait for each other.
  workers: 1,
  forbidOnly: true,
  timeout: 180_000,
  expect: { timeout: 20_000 },
  use: {
    viewport: { width: 1440, height: 900 },
    timezoneId: 'Pacific/Auckland',
    actionTimeout: 20_000,
    launchOptions: {
      executablePath,
      // Scroll bars take room, as they do on an operator's screen.
      ignoreDefaultArgs: ['--hide-scrollbars'],
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
