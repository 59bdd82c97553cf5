import { expect, it } from 'vitest'
import type { AuditRecord } from '#shared/model/audit.ts'
import { SelfTestView } from '#shared/model/console.ts'
import { AuditLog } from '#core/audit/log.ts'
import { defaultConfiguration } from '#core/configuration.ts'
import { selfTestView } from '#core/console/self-test-report.ts'
import { createConsole } from '#core/console.ts'
import { platformRandom } from '#core/crypto/random.ts'
import { runSelfTest, type SelfTestResult } from '#core/crypto/self-test.ts'
import { openDataFolder } from '#core/data-folder.ts'
import { silentLog } from '#core/log.ts'
import { Database } from '#core/store/database.ts'
import { consoleMigrations } from '#core/store/migrations.ts'
import { FakeClock } from '../../support/clock.ts'
import { refusalOf } from '../../support/crypto-inputs.ts'
import { temporaryFolder } from '../../support/folder.ts'

/** Starts a console on a new folder, stops it, and gives what the start threw and what was recorded. */
async function startOnce(selfTest?: () => SelfTestResult) {
  const clock = new FakeClock()
  const dataFolder = openDataFolder(temporaryFolder())
  const engine = createConsole({
    dataFolder,
    configuration: defaultConfiguration,
    clock,
    log: silentLog,
    random: platformRandom,
    ...(selfTest === undefined ? {} : { selfTest }),
  })
  const starting = engine.start()
  const error = await starting.then(
    () => null,
    () => refusalOf(starting),
  )
  await engine.stop()
  const database = Database.open(dataFolder.databaseFile, consoleMigrations)
  const { records } = new AuditLog({ database, clock }).list({ limit: 20, filter: {} })
  database.close()
  dataFolder.release()
  return { error, record: records.find(({ type }) => type === 'SELF_TEST') as AuditRecord }
}

it('runs at the start of the console and is recorded', async () => {
  const { error, record } = await startOnce()
  expect(error).toBeNull()
  expect(record.severity).toBe('INFO')
  expect(record.detail).toMatchObject({ passed: true, failed: null })
  expect(record.detail.algorithms).toBeGreaterThan(20)
})

it('stops the start where it fails, and leaves a record of it', async () => {
  const { error, record } = await startOnce(() => ({
    passed: false,
    checks: [
      { algorithm: 'AES-256-GCM', provider: 'node', passed: false },
      { algorithm: 'Ed25519', provider: 'node', passed: true },
    ],
  }))
  expect(error?.code).toBe('encryption_failed')
  expect(error?.message).toContain('AES-256-GCM (node)')
  expect(record.severity).toBe('CRITICAL')
  expect(record.detail).toMatchObject({ passed: false, failed: 'AES-256-GCM' })
})

it('is shown in a form that the contract takes', () => {
  const view = selfTestView(runSelfTest(), new FakeClock())
  expect(SelfTestView.parse(view)).toEqual(view)
})
