import { readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AuditLog } from '#core/audit/log.ts'
import { SecurityException } from '#core/errors.ts'
import { SoftwareToken } from '#core/hsm/software-token.ts'
import { SequenceCounters } from '#core/store/counters.ts'
import { Database } from '#core/store/database.ts'
import { consoleMigrations } from '#core/store/migrations.ts'
import { FakeClock } from '../support/clock.ts'
import { openConsoleDatabase } from '../support/console-database.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'
import { createToken, pin, tokenParts } from '../support/software-token.ts'

if (!canMount) writeSync(2, 'skipped: full and read-only disks need root on Linux, to mount a file system\n')

const entry = {
  type: 'MESSAGE_ACCEPTED',
  severity: 'INFO',
  actor: 'chaser-001',
  subject: 'target-station',
  detail: { text: 'x'.repeat(500) },
} as const

/** Appends until the disk refuses; how many records were acknowledged, and the refusal. */
function fill(audit: AuditLog): { acknowledged: number; refusal: unknown } {
  for (let acknowledged = 0; acknowledged < 100_000; acknowledged += 1) {
    try {
      audit.append(entry)
    } catch (refusal) {
      return { acknowledged, refusal }
    }
  }
  throw new Error('the disk never became full')
}

/** Takes the rest of the disk, to the last byte. */
function occupy(folder: string): string {
  const filler = join(folder, 'filler')
  for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
    for (let more = true; more;) {
      try {
        writeFileSync(filler, Buffer.alloc(size), { flag: 'a' })
      } catch {
        more = false
      }
    }
  }
  return filler
}

const full: unknown = expect.objectContaining({ code: 'storage_full' })
const readOnly: unknown = expect.objectContaining({ code: 'storage_read_only' })

function open(file: string, options: { readOnly?: boolean } = {}): Database {
  const database = Database.open(file, consoleMigrations, options)
  onTestFinished(() => database.close())
  return database
}

describe('a database that may not grow', () => {
  it('refuses the act, keeps the chain, and goes on when there is room', async () => {
    const database = openConsoleDatabase()
    const audit = new AuditLog({ database, clock: new FakeClock() })
    database.prepare('PRAGMA max_page_count = 60').get()
    const { acknowledged, refusal } = fill(audit)
    expect(refusal).toBeInstanceOf(SecurityException)
    expect(refusal).toEqual(full)
    expect(await audit.verify()).toMatchObject({ intact: true, records: acknowledged })
    database.prepare('PRAGMA max_page_count = 1000').get()
    expect(audit.append(entry).sequence).toBe(acknowledged + 1)
    expect(await audit.verify()).toMatchObject({ intact: true, records: acknowledged + 1 })
  })

  it('uses no sequence number that could not be reserved', () => {
    const database = openConsoleDatabase()
    const counters = new SequenceCounters({ database, block: 2 })
    const taken = [counters.next('chaser-001'), counters.next('chaser-001')]
    database.prepare('PRAGMA query_only = ON').run()
    expect(() => counters.next('chaser-001')).toThrow(SecurityException)
    database.prepare('PRAGMA query_only = OFF').run()
    expect([...taken, counters.next('chaser-001')]).toEqual([1, 2, 3])
  })
})

describe.runIf(canMount)('a full disk', () => {
  it('is said plainly, and nothing is half written', async () => {
    const { folder } = smallDisk(1024)
    const file = join(folder, 'console.db')
    const database = open(file)
    const audit = new AuditLog({ database, clock: new FakeClock() })
    const filler = occupy(folder)
    const { acknowledged, refusal } = fill(audit)
    expect(refusal).toEqual(full)
    rmSync(filler)
    expect(audit.append(entry).sequence).toBe(acknowledged + 1)
    database.close()
    const again = new AuditLog({ database: open(file), clock: new FakeClock() })
    expect(await again.verify()).toMatchObject({ intact: true, records: acknowledged + 1 })
  })

  it('leaves no part of a new database', () => {
    const { folder } = smallDisk(512)
    occupy(folder)
    expect(() => open(join(folder, 'console.db'))).toThrow(full)
    expect(readdirSync(folder)).toEqual(['filler'])
  })

  it('leaves the vault whole and does not try a PIN it cannot count', async () => {
    const { folder } = smallDisk(512)
    const file = join(folder, 'token.vault')
    const token = await createToken(file)
    const before = readFileSync(file)
    const filler = occupy(folder)
    await expect(token.login(pin())).rejects.toEqual(full)
    expect(token.info()).toMatchObject({ loggedIn: false, triesLeft: 10 })
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(readdirSync(folder).sort()).toEqual(['filler', 'token.vault'])
    rmSync(filler)
    await token.login(pin())
  })

  it('leaves no part of a new vault', async () => {
    const { folder } = smallDisk(512)
    occupy(folder)
    await expect(createToken(join(folder, 'token.vault'))).rejects.toEqual(full)
    expect(readdirSync(folder)).toEqual(['filler'])
  })
})

describe.runIf(canMount)('a read-only data folder', () => {
  it('is said plainly by the database and the vault', async () => {
    const disk = smallDisk(2048)
    const [file, vault] = [join(disk.folder, 'console.db'), join(disk.folder, 'token.vault')]
    open(file).close()
    await createToken(vault)
    const before = [readFileSync(file), readFileSync(vault)]
    disk.makeReadOnly()
    expect(() => open(file)).toThrow(readOnly)
    expect(() => open(file)).toThrow(/write permission|--data-dir/)
    expect(() => open(join(disk.folder, 'other.db'))).toThrow(readOnly)
    const token = await SoftwareToken.open(vault, tokenParts)
    await expect(token.login(pin())).rejects.toEqual(readOnly)
    await expect(createToken(join(disk.folder, 'other.vault'))).rejects.toEqual(readOnly)
    expect([readFileSync(file), readFileSync(vault)]).toEqual(before)
  })

  it('can still be verified: evidence on a read-only medium', async () => {
    const disk = smallDisk(2048)
    const file = join(disk.folder, 'console.db')
    const writer = open(file)
    const writing = new AuditLog({ database: writer, clock: new FakeClock() })
    for (let count = 0; count < 20; count += 1) writing.append(entry)
    writer.close()
    disk.makeReadOnly()
    const audit = new AuditLog({ database: open(file, { readOnly: true }), clock: new FakeClock() })
    expect(await audit.verify()).toMatchObject({ intact: true, records: 20 })
    expect(() => audit.append(entry)).toThrow(readOnly)
  })
})
