import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Database } from '#core/store/database.ts'
import { consoleMigrations } from '#core/store/migrations.ts'
import { temporaryFolder } from './folder.ts'

/** A console's database, empty unless `file` holds one; it is closed when the test ends. */
export function openConsoleDatabase(file = join(temporaryFolder(), 'console.db')): Database {
  const database = Database.open(file, consoleMigrations)
  onTestFinished(() => database.close())
  return database
}

const appendOnly = ['audit_record_is_not_edited', 'audit_record_is_not_removed']

/** Does to the audit table what somebody with the file and an SQLite shell could: the triggers are out of the way. */
export function tamper(database: Database, sql: string): void {
  for (const trigger of appendOnly) database.prepare(`DROP TRIGGER IF EXISTS ${trigger}`).run()
  database.prepare(sql).run()
}
