import { DemoFleet } from './fleet.ts'
import { steps } from './steps.ts'

/**
 * The main job, headless: real processes over real sockets. `--json` prints one object a step. Exit code 0 only if every
 * step did what it must; the first that does not ends the demo, because the later ones build on it.
 */
const json = process.argv.includes('--json')
const print = (text: string): void => void process.stdout.write(`${text}\n`)

const fleet = new DemoFleet()
let failed = false
await fleet.prepare()
try {
  for (const [index, step] of steps.entries()) {
    const started = performance.now()
    let detail: string
    try {
      detail = await step.run(fleet)
    } catch (error) {
      failed = true
      detail = error instanceof Error ? error.message : String(error)
    }
    const ms = Math.round(performance.now() - started)
    if (json) print(JSON.stringify({ step: step.name, ok: !failed, detail, ms }))
    else
      print(
        `${failed ? 'FAILED' : 'ok    '} ${String(index + 1).padStart(2)}  ${step.name} (${ms} ms)\n           ${detail}`,
      )
    if (failed) break
  }
} finally {
  await fleet.stop()
}
process.exitCode = failed ? 1 : 0
