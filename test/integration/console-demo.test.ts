import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { steps } from '../../scripts/demo/steps.ts'

const main = fileURLToPath(new URL('../../scripts/demo/main.ts', import.meta.url))

test('the demo does the whole main job, each step of it', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--json'], {
    encoding: 'utf8',
    timeout: 110_000,
  })
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { step: string; ok: boolean; detail: string; ms: number })
  expect(lines.filter(({ ok }) => !ok)).toEqual([])
  expect(lines.map(({ step }) => step)).toEqual(steps.map(({ name }) => name))
  for (const { detail, ms } of lines) {
    expect(detail).not.toBe('')
    expect(ms).toBeGreaterThanOrEqual(0)
  }
  expect(status, stderr).toBe(0)
}, 120_000)
