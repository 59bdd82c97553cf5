import { expect, test } from '@playwright/test'
import { DemoFleet } from '../../scripts/demo/fleet.ts'
import { Screen } from './support/screen.ts'
import { WatchedPage } from './support/watched-page.ts'
import { WebHost } from './support/web-host.ts'

/** Who gets at the console, and how: the one-use address, the keyboard alone, the locks. */
test.describe.configure({ mode: 'serial' })

const fleet = new DemoFleet()
let host: WebHost
let watched: WatchedPage
let screen: Screen

test.beforeAll(async ({ browser }) => {
  await fleet.prepare({ idle_lock_seconds: 0 })
  host = await WebHost.start(fleet.consoleFolder)
  watched = await WatchedPage.open(browser)
  screen = new Screen(watched.page)
  await screen.page.goto(host.url)
  await screen.createToken(fleet)
  await screen.createAuthority()
  await screen.button('Open the console').click()
  await screen.button('Sign out').click()
  await expect(screen.heading('Sign in')).toBeVisible()
})

test.afterAll(async () => {
  await watched.context.close()
  await host.stop()
  await fleet.stop()
})

test.afterEach(() => {
  expect(watched.problems, 'what the browser complained about').toEqual([])
})

test('the address opens one browser, once', async ({ browser }) => {
  const stranger = await browser.newContext()
  const again = await stranger.request.get(host.url)
  expect(again.status()).toBe(403)
  expect(await again.text()).toContain('This address works once')
  expect((await stranger.request.get(host.origin)).status()).toBe(401)
  await stranger.close()

  const cookies = await watched.context.cookies()
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict', path: '/' }])
  expect(await screen.page.evaluate(() => document.cookie)).toBe('')
  expect(screen.page.url()).not.toContain('/open/')
})

test('the keyboard alone signs in, opens every view and signs out', async () => {
  const { keyboard } = screen.page
  await expect(screen.field('PIN')).toBeFocused()
  await keyboard.type(fleet.pin)
  await keyboard.press('Enter')
  await expect(screen.heading('Fleet trust')).toBeVisible()

  for (const [key, view] of [
    ['s', 'Sessions'],
    ['r', 'Rotation schedule'],
    ['a', 'Audit log'],
    ['c', 'Settings'],
    ['f', 'Fleet trust'],
  ] as const) {
    await keyboard.press('g')
    await keyboard.press(key)
    await expect(screen.heading(view)).toBeFocused()
  }

  await tabTo('Sessions')
  await keyboard.press('Enter')
  await expect(screen.heading('Sessions')).toBeFocused()
  await tabTo('Fleet trust')
  await keyboard.press('Enter')
  await tabTo('How to enrol an agent')
  await keyboard.press('Enter')
  const dialog = screen.page.getByRole('dialog', { name: 'How to enrol an agent' })
  await expect(dialog).toBeVisible()
  await keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(screen.button('How to enrol an agent')).toBeFocused()
  await tabTo('Sign out')
  await keyboard.press('Enter')
  await expect(screen.heading('Sign in')).toBeVisible()
})

test('the page may load nothing from elsewhere', async () => {
  await screen.page.evaluate(() => {
    new Image().src = 'http://127.0.0.1:9/elsewhere.png'
  })
  await expect.poll(() => watched.problems).toEqual([expect.stringContaining('Content Security Policy')])
  watched.problems.length = 0
})

test('signed out, the screen holds nothing of the fleet', async () => {
  await expect(screen.page.getByRole('navigation')).toHaveCount(0)
  await expect(screen.page.getByText('ground-station')).toHaveCount(0)
  const refused = await screen.page.evaluate(
    () =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://${location.host}/api`)
        socket.onopen = () => socket.send(JSON.stringify({ id: 1, call: 'fleet.list', input: {} }))
        socket.onmessage = ({ data }) => {
          if (String(data).includes('"id":1')) resolve(data)
        }
      }),
  )
  expect(String(refused)).toContain('not_signed_in')
})

test('a console that is left alone locks itself; the PIN unlocks it', async () => {
  await watched.duringOutage(async () => {
    expect(await host.stop()).toBe(0)
    fleet.configure({ idle_lock_seconds: 3 })
    host = await WebHost.start(fleet.consoleFolder)
    await screen.page.goto(host.url)
  })
  await screen.signIn(fleet.pin)
  await expect(screen.heading('Fleet trust')).toBeVisible()
  await expect(screen.heading('Console locked')).toBeVisible()
  await expect(screen.page.getByText('The gateway keeps serving the fleet')).toBeVisible()
  await screen.signIn(fleet.pin, 'Unlock')
  await expect(screen.heading('Fleet trust')).toBeVisible()
  await screen.button('Lock').click()
  await expect(screen.heading('Console locked')).toBeVisible()
})

/** Presses Tab until the control of that name has the focus; every stop on the way has to show that it has it. */
async function tabTo(name: string): Promise<void> {
  for (let stop = 0; stop < 60; stop += 1) {
    await screen.page.keyboard.press('Tab')
    const focused = await screen.page.evaluate(() => {
      const element = document.activeElement
      if (element === null || element === document.body) return null
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      return {
        name: (element.getAttribute('aria-label') ?? element.textContent).trim().replace(/\s+/g, ' '),
        marked: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1,
      }
    })
    if (focused === null) continue
    expect(focused.marked, `the focus on "${focused.name}" can be seen`).toBe(true)
    if (focused.name === name || focused.name.startsWith(`${name} g `)) return
  }
  throw new Error(`The Tab key does not reach "${name}".`)
}
