import type { AuditFilter, AuditRecord } from '#shared/model/audit.ts'
import { Severity } from '#shared/model/primitives.ts'
import type { Database, Statement } from '../store/database.ts'
import { type AuditRow, readRecord } from './record.ts'

/** The log's questions. Each set of conditions is its own statement, so that SQLite can use the index by type. */
export class AuditSearch {
  readonly #database: Database
  readonly #statements = new Map<string, Statement<(string | number)[], unknown>>()

  constructor(database: Database) {
    this.#database = database
  }

  /** Records that pass `filter`, newest first, below sequence `before`; `total` counts all that pass. */
  list(query: {
    readonly before?: number | undefined
    readonly limit: number
    readonly filter: AuditFilter
  }): {
    readonly records: AuditRecord[]
    readonly total: number
  } {
    const { conditions, values } = conditionsOf(query.filter)
    const paged = query.before === undefined ? conditions : ['sequence < ?', ...conditions]
    const pageValues = query.before === undefined ? values : [query.before, ...values]
    const rows = this.#statement<AuditRow>(
      `SELECT * FROM audit_record ${where(paged)} ORDER BY sequence DESC LIMIT ?`,
    ).all(...pageValues, query.limit)
    const count = this.#statement<{ total: number }>(
      `SELECT count(*) AS total FROM audit_record ${where(conditions)}`,
    )
    return { records: rows.map(readRecord), total: count.get(...values)?.total ?? 0 }
  }

  #statement<Row>(sql: string): Statement<(string | number)[], Row> {
    const known = this.#statements.get(sql) ?? this.#database.prepare<(string | number)[]>(sql)
    this.#statements.set(sql, known)
    return known as Statement<(string | number)[], Row>
  }
}

const where = (conditions: readonly string[]): string =>
  conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''

function conditionsOf(filter: AuditFilter): { conditions: string[]; values: string[] } {
  const conditions: string[] = []
  const values: string[] = []
  if (filter.types) {
    conditions.push('type IN (SELECT value FROM json_each(?))')
    values.push(JSON.stringify(filter.types))
  }
  if (filter.minimumSeverity) {
    const levels = Severity.options
    conditions.push('severity IN (SELECT value FROM json_each(?))')
    values.push(JSON.stringify(levels.slice(levels.indexOf(filter.minimumSeverity))))
  }
  if (filter.text) {
    conditions.push(`(actor LIKE ? ESCAPE '\\' OR subject LIKE ? ESCAPE '\\' OR detail LIKE ? ESCAPE '\\')`)
    const plain = containing(filter.text)
    // The detail is JSON text, where quotes and backslashes are escaped.
    values.push(plain, plain, containing(JSON.stringify(filter.text).slice(1, -1)))
  }
  return { conditions, values }
}

/** A LIKE pattern; what LIKE would take for a wildcard is meant literally. */
const containing = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`
