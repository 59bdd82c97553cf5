import type { App } from 'electron'

/** Switches that would open the running console to another program, or weaken the page's confinement. */
const forbiddenSwitches = [
  'remote-debugging-port',
  'remote-debugging-pipe',
  'inspect',
  'inspect-brk',
  'inspect-wait',
  'no-sandbox',
  'disable-web-security',
  'disable-site-isolation-trials',
  'load-extension',
  'js-flags',
]

/** The switches of a packaged program's command line that it refuses to run with; from a clone all are allowed. */
export function refusedSwitches(app: App): string[] {
  return app.isPackaged ? forbiddenSwitches.filter((name) => app.commandLine.hasSwitch(name)) : []
}
