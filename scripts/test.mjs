import { main, prepare } from './setup.mjs'
import { SetupError } from './setup/processes.mjs'
import { stages } from './test/stages.mjs'
import { sum } from './test/counts.mjs'
import { ensureSystemPackages } from './test/system-packages.mjs'

await main(async () => {
  const names = process.argv.slice(2)
  const unknown = names.find((name) => !Object.hasOwn(stages, name))
  if (unknown !== undefined) {
    throw new SetupError(
      `There is no test stage ${unknown}. The stages are: ${Object.keys(stages).join(', ')}.`,
    )
  }
  await ensureSystemPackages().catch(stop)
  await prepare()

  const results = []
  for (const [name, run] of Object.entries(stages)) {
    if (names.length > 0 && !names.includes(name)) continue
    console.log(`\n== ${name}`)
    const started = Date.now()
    const counts = await run()
    results.push({ name, counts, seconds: Math.round((Date.now() - started) / 1000) })
  }

  console.log('\n== summary')
  for (const { name, counts, seconds } of results) {
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`
    console.log(
      `${name.padEnd(12)} ${counts.passed} passed, ${counts.failed} failed${skipped} (${seconds} s)`,
    )
  }
  const total = sum(results.map(({ counts }) => counts))
  console.log(`${total.passed} passed, ${total.failed} failed`)
  return total.failed === 0 ? 0 : 1
})

/** What is missing has to be installed by hand; that is a failed test run, not one that could not be judged. @param {unknown} error */
function stop(error) {
  if (!(error instanceof SetupError)) throw error
  console.error(error.message)
  process.exit(1)
}
