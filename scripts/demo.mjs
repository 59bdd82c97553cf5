import { join } from 'node:path'
import { main, prepare } from './setup.mjs'
import { launch } from './setup/launch.mjs'
import { root } from './setup/processes.mjs'

const usage = `npm run demo [-- --json]

Runs the whole main job with real processes in a folder of its own, which it removes. --json prints one JSON object a step.
`

if (process.argv.includes('--help')) {
  process.stdout.write(usage)
  process.exit()
}
await main(async () =>
  launch(await prepare(), join(root, 'scripts', 'demo', 'main.ts'), process.argv.slice(2)),
)
