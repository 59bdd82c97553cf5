import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Database, type DatabaseOptions } from '#core/store/database.ts'
import type { Migration } from '#core/store/migrations.ts'
import { requireNodeApi } from '#core/store/opening.ts'
import { temporaryFolder } from '../../support/folder.ts'

const migrations: readonly Migration[] = [
  { version: 1, sql: 'CREATE TABLE thing (name TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT' },
]
const second: Migration = { version: 2, sql: 'ALTER TABLE thing ADD COLUMN colour TEXT' }

let folder: string
let file: string

beforeEach(() => {
  folder = temporaryFolder()
  file = join(folder, 'console.db')
})

function open(steps = migrations, options: DatabaseOptions = {}): Database {
  const database = Database.open(file, steps, options)
  onTestFinished(() => database.close())
  return database
}

const add = (database: Database, name: string, size = 1): void =>
  void database.prepare<[string, number]>('INSERT INTO thing (name, size) VALUES (?, ?)').run(name, size)
const names = (database: Database): string[] =>
  database
    .prepare<[], { name: string }>('SELECT name FROM thing ORDER BY name')
    .all()
    .map(({ name }) => name)

const refusal = (code: string): unknown => expect.objectContaining({ name: 'SecurityException', code })

describe('opening', () => {
  it('creates a private file in WAL with synchronous FULL and foreign keys', () => {
    const database = open()
    const pragma = (name: string): unknown =>
      Object.values(database.prepare<[], object>(`PRAGMA ${name}`).get() ?? {})[0]
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('synchronous')).toBe(2)
    expect(pragma('foreign_keys')).toBe(1)
    expect(pragma('busy_timeout')).toBeGreaterThan(0)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('keeps what was written', () => {
    const database = open()
    add(database, 'a')
    database.close()
    database.close()
    expect(names(open())).toEqual(['a'])
    expect(readdirSync(folder).filter((name) => name.includes('.new'))).toEqual([])
  })

  it('takes the file away from other users', () => {
    open().close()
    writeFileSync(file, readFileSync(file), { mode: 0o644 })
    open()
    expect(statSync(file).mode & 0o077).toBe(0)
  })

  it('runs missing migrations once and in order', () => {
    const database = open()
    add(database, 'a')
    database.close()
    const upgraded = open([...migrations, second])
    upgraded.prepare("UPDATE thing SET colour = 'red'").run()
    upgraded.close()
    expect(
      open([...migrations, second])
        .prepare('SELECT * FROM thing')
        .all(),
    ).toEqual([{ name: 'a', size: 1, colour: 'red' }])
  })

  it('leaves the version as it was when a migration fails', () => {
    open().close()
    const broken: Migration = {
      version: 3,
      sql: 'CREATE TABLE other (a TEXT) STRICT; CREATE TABLE thing (a TEXT) STRICT',
    }
    expect(() => open([...migrations, second, broken])).toThrow(/already exists/)
    expect(
      Object.keys(open().prepare<[], object>('SELECT * FROM thing').get() ?? { name: 0, size: 0 }),
    ).toEqual(['name', 'size'])
  })

  it('leaves no file behind when the first migration fails', () => {
    expect(() => open([{ version: 1, sql: 'nonsense' }])).toThrow(/syntax error/)
    expect(readdirSync(folder)).toEqual([])
  })

  it('refuses a database of a newer version and keeps every byte', () => {
    open([...migrations, second]).close()
    const before = readFileSync(file)
    expect(() => open()).toThrow(refusal('database_newer'))
    expect(() => open()).toThrow(/version 2, this one knows 1.*Update Groundlock/s)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it.each([
    ['an empty file', (): void => writeFileSync(file, '')],
    ['something else', (): void => writeFileSync(file, 'this is not a database, '.repeat(400))],
    ['a truncated file', (): void => writeFileSync(file, readFileSync(file).subarray(0, 4096 + 512))],
    ['a database of another program', (): void => makeForeign()],
    ['a page that was overwritten', (): void => overwritePage(2)],
    ['a version table that was emptied', (): void => edit('DELETE FROM schema_version')],
  ])('reports %s as damaged and keeps every byte', (_, damage) => {
    open().close()
    damage()
    const before = readFileSync(file)
    expect(() => open()).toThrow(refusal('database_damaged'))
    expect(() => open()).toThrow(/left as it is.*backup/s)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('does not start afresh where only the journal of a database is left', () => {
    writeFileSync(`${file}-wal`, 'x')
    expect(() => open()).toThrow(refusal('database_damaged'))
    expect(existsSync(file)).toBe(false)
  })

  it('says when the folder does not exist', () => {
    expect(() => Database.open(join(folder, 'gone', 'console.db'), migrations)).toThrow(refusal('not_found'))
  })

  it('names the runtime it needs', () => {
    expect(() => requireNodeApi('9')).toThrow(/Node\.js 24/)
    expect(() => requireNodeApi('10')).not.toThrow()
  })

  function makeForeign(): void {
    writeFileSync(file, '')
    edit('CREATE TABLE invoice (id INTEGER)')
  }

  function edit(sql: string): void {
    const connection = new Sqlite(file)
    connection.exec(sql)
    connection.close()
  }

  function overwritePage(page: number): void {
    const descriptor = openSync(file, 'r+')
    writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096)
    closeSync(descriptor)
  }
})

describe('reading only', () => {
  it('reads beside a writer and writes nothing', () => {
    const writer = open()
    const reader = open(migrations, { readOnly: true })
    add(writer, 'a')
    expect(names(reader)).toEqual(['a'])
    expect(() => add(reader, 'b')).toThrow(refusal('storage_read_only'))
    expect(() => reader.transaction(() => undefined)).not.toThrow()
  })

  it('does not create or upgrade a database', () => {
    expect(() => open(migrations, { readOnly: true })).toThrow(refusal('not_found'))
    open().close()
    expect(() => open([...migrations, second], { readOnly: true })).toThrow(refusal('conflict'))
  })
})

describe('transactions', () => {
  it('keeps all or nothing', () => {
    const database = open()
    expect(() =>
      database.transaction(() => {
        add(database, 'a')
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(names(database)).toEqual([])
    expect(database.transaction(() => (add(database, 'b'), 7))).toBe(7)
    expect(names(database)).toEqual(['b'])
  })

  it('join one another', () => {
    const database = open()
    expect(() =>
      database.transaction(() => {
        database.transaction(() => add(database, 'inner'))
        throw new Error('outer')
      }),
    ).toThrow('outer')
    expect(names(database)).toEqual([])
  })

  it('keep nothing when a nested one failed and somebody caught it', () => {
    const database = open()
    expect(() =>
      database.transaction(() => {
        add(database, 'outer')
        try {
          database.transaction(() => {
            add(database, 'inner')
            throw new Error('inner failed')
          })
        } catch {
          // The outer work goes on as if nothing had happened.
        }
      }),
    ).toThrow('inner failed')
    expect(names(database)).toEqual([])
    database.transaction(() => add(database, 'later'))
    expect(names(database)).toEqual(['later'])
  })

  it('refuse asynchronous work', () => {
    const database = open()
    expect(() =>
      database.transaction(async () => {
        add(database, 'a')
        await Promise.resolve()
      }),
    ).toThrow(/synchronous/)
    expect(names(database)).toEqual([])
  })

  it('say what contradicts the tables without the text of the driver', () => {
    const database = open()
    add(database, 'a')
    expect(() => add(database, 'a')).toThrow(refusal('conflict'))
    expect(() => add(database, 'a')).not.toThrow(/UNIQUE|thing\./)
  })

  it('say when another program holds the database', () => {
    const database = open()
    const other = new Sqlite(file)
    onTestFinished(() => void other.close())
    other.exec('BEGIN IMMEDIATE')
    database.prepare('PRAGMA busy_timeout = 1').get()
    expect(() => database.transaction(() => undefined)).toThrow(/Another program/)
  })

  it('iterate row by row', () => {
    const database = open()
    for (const name of ['a', 'b', 'c']) add(database, name)
    const seen: string[] = []
    for (const { name } of database
      .prepare<[], { name: string }>('SELECT name FROM thing ORDER BY name')
      .iterate()) {
      seen.push(name)
      if (name === 'b') break
    }
    expect(seen).toEqual(['a', 'b'])
    add(database, 'd')
  })
})

describe('after the commit', () => {
  it('tasks run in order, when the outermost transaction is on the disk', () => {
    const database = open()
    const seen: string[] = []
    database.transaction(() => {
      database.afterCommit(() => seen.push(`first sees ${names(database).join()}`))
      database.transaction(() => database.afterCommit(() => seen.push('second')))
      add(database, 'a')
      expect(seen).toEqual([])
    })
    expect(seen).toEqual(['first sees a', 'second'])
  })

  it('tasks of a failed transaction never run', () => {
    const database = open()
    const task = vi.fn()
    expect(() =>
      database.transaction(() => {
        database.afterCommit(task)
        throw new Error('no')
      }),
    ).toThrow('no')
    database.transaction(() => undefined)
    expect(task).not.toHaveBeenCalled()
  })

  it('a task that throws is reported and harms neither the act nor the other tasks', () => {
    const onTaskError = vi.fn()
    const database = open(migrations, { onTaskError })
    const task = vi.fn()
    database.transaction(() => {
      add(database, 'a')
      database.afterCommit(() => {
        throw new Error('listener')
      })
      database.afterCommit(task)
    })
    expect(onTaskError).toHaveBeenCalledOnce()
    expect(task).toHaveBeenCalledOnce()
    expect(names(database)).toEqual(['a'])
  })

  it('a task may open a transaction of its own', () => {
    const database = open()
    database.transaction(() => database.afterCommit(() => database.transaction(() => add(database, 'a'))))
    expect(names(database)).toEqual(['a'])
  })

  it('a task outside a transaction runs at once', () => {
    const task = vi.fn()
    open().afterCommit(task)
    expect(task).toHaveBeenCalledOnce()
  })
})
