import { parseArgs } from 'node:util'
import { main, prepare } from './setup.mjs'
import { SetupError, become, root, say } from './setup/processes.mjs'
import { environment } from './setup/runtime.mjs'
import { chooseHostHere } from './start/electron.mjs'
import { runWebHost } from './start/web-host.mjs'

const usage = `Usage: npm start -- [options]
  --data-dir FOLDER  keep the console's data in FOLDER
  --host NAME        electron or browser; otherwise Electron where it can be had
  --port PORT        port of the browser host; otherwise any free one
  --no-open          only print the address, open no window`

/** An Electron that ends sooner than this never showed a window, in milliseconds. */
const tooSoon = 5000

await main(async () => {
  const options = readOptions()
  if (options.help) {
    console.log(usage)
    return 0
  }
  await prepare()
  const folder = options['data-dir'] === undefined ? [] : ['--data-dir', options['data-dir']]
  const port = options.port === undefined ? [] : ['--port', options.port]
  const browse = () => runWebHost([...folder, ...port], { openBrowser: !options['no-open'] })
  if (options.host === 'browser' || options['no-open'] || options.port !== undefined) {
    say('Host: the browser host, as asked.')
    return browse()
  }
  const choice = await chooseHostHere()
  if (choice.host === 'browser') {
    if (options.host === 'electron') throw new SetupError(`Electron was asked for, but ${choice.reason}.`)
    say(`Host: the browser host, because ${choice.reason}.`)
    return browse()
  }
  say(`Host: Electron, because ${choice.reason}.`)
  const started = Date.now()
  const code = await become(choice.binary, electronArguments(folder), { env: environment() })
  if (code === 0 || code > 128 || Date.now() - started > tooSoon || options.host === 'electron') return code
  say(`Host: the browser host, because Electron ended at once with code ${code}.`)
  return browse()
})

/** Chromium, and so Electron, has no sandbox for root. @param {string[]} folder */
function electronArguments(folder) {
  return [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), root, ...folder]
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        'data-dir': { type: 'string' },
        host: { type: 'string' },
        port: { type: 'string' },
        'no-open': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.host === undefined || values.host === 'electron' || values.host === 'browser') return values
    throw new Error(`--host is electron or browser, not ${values.host}`)
  } catch (error) {
    throw new SetupError(`${/** @type {Error} */ (error).message}\n${usage}`)
  }
}
