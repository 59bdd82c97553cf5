import { join } from 'node:path'
import { main, prepare } from './setup.mjs'
import { launch } from './setup/launch.mjs'
import { root } from './setup/processes.mjs'

await main(async () =>
  launch(await prepare(), join(root, 'scripts', 'demo', 'main.ts'), process.argv.slice(2)),
)
