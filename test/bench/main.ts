import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { cryptoLibrary } from '#core/crypto/library.ts'
import { benchAudit } from './audit.ts'
import { benchCrypto } from './crypto.ts'
import { benchHandshake } from './handshake.ts'
import { benchRelay } from './relay.ts'
import { type Line, type Report, tableHead, tableRow, tableTitle } from './report.ts'
import { benchSession } from './session.ts'

/**
 * Measures the engine against what it stands on: `npm run bench`, or with the names of parts `npm run bench -- session
 * relay`; `--json` prints one object. Nothing here passes or fails: figures depend on the machine, ratios less so.
 */
const parts: Readonly<Record<string, (report: Report) => Promise<void>>> = {
  session: benchSession,
  handshake: benchHandshake,
  relay: benchRelay,
  audit: benchAudit,
  crypto: benchCrypto,
}

const usage = `usage: bench [--json] [${Object.keys(parts).join('|')}]...\n`

function chosen(): { names: string[]; json: boolean } | null {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    if (positionals.some((name) => !Object.hasOwn(parts, name))) return null
    return { names: positionals.length > 0 ? positionals : Object.keys(parts), json: values.json }
  } catch {
    return null
  }
}

const choice = chosen()
if (choice === null) {
  process.stderr.write(usage)
  process.exitCode = 2
} else await run(choice.names, choice.json)

async function run(names: readonly string[], json: boolean): Promise<void> {
  const machine = {
    node: process.version,
    cryptoLibrary: cryptoLibrary(),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
  }
  const lines: Line[] = []
  const print: Report = (line) => {
    if (!json) {
      if (lines.at(-1)?.part !== line.part) process.stdout.write(tableTitle(line))
      process.stdout.write(tableRow(line))
    }
    lines.push(line)
  }
  const start = performance.now()
  if (!json) {
    const { node, cryptoLibrary: library, processor, cores } = machine
    process.stdout.write(`Node ${node}, ${library}, ${processor}, ${cores} cores\n${tableHead()}`)
  }
  for (const name of names) await parts[name]?.(print)
  const seconds = Math.round((performance.now() - start) / 1000)
  process.stdout.write(
    json ? `${JSON.stringify({ machine, seconds, lines }, null, 2)}\n` : `\n${seconds} s\n`,
  )
}
