import { join } from 'node:path'
import { main, prepare } from './setup.mjs'
import { launch } from './setup/launch.mjs'
import { root } from './setup/processes.mjs'

const cli = join(root, 'out', 'main', 'cli.js')

// npm runs scripts in the clone's folder; paths are meant from where the person is.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)
await main(async () => launch(await prepare(), cli, ['conformance', ...process.argv.slice(2)]))
