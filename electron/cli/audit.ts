import type { AuditFilter, AuditRecord } from '#shared/model/audit.ts'
import { AuditLog } from '#core/audit/log.ts'
import type { Clock } from '#core/clock.ts'
import { dataFolderLayout } from '#core/data-folder.ts'
import { Database } from '#core/store/database.ts'
import { consoleMigrations } from '#core/store/migrations.ts'
import { ExitCode, required } from './outcome.ts'
import { describeFields, writeJsonLine, writeLine, type Writer } from './output.ts'

export interface AuditParts {
  readonly stdout: Writer
  readonly clock: Clock
}

export interface AuditOptions {
  readonly dataDir: string
  readonly json: boolean
}

/**
 * Recomputes the audit chain, also beside a console that is running.
 * @returns `refused` if the chain is broken; the first bad record is named
 * @throws CommandFailure `couldNotRun` if there is no database or it cannot be read
 */
export async function runAuditVerify(
  { dataDir, json }: AuditOptions,
  { stdout, clock }: AuditParts,
): Promise<ExitCode> {
  const verification = await withAudit(dataDir, clock, (audit) => audit.verify())
  if (json) {
    writeJsonLine(stdout, verification)
  } else if (verification.intact) {
    writeLine(stdout, `intact: ${verification.records} records`)
  } else {
    const where = verification.firstBad === null ? '' : ` at record ${verification.firstBad}`
    writeLine(stdout, `BROKEN${where}: ${verification.problem ?? 'the chain does not fit'}`)
  }
  return verification.intact ? ExitCode.ok : ExitCode.refused
}

/** Prints audit records, newest first. */
export async function runAuditList(
  options: AuditOptions & {
    readonly limit: number
    readonly before: number | undefined
    readonly filter: AuditFilter
  },
  { stdout, clock }: AuditParts,
): Promise<ExitCode> {
  const { dataDir, json, limit, before, filter } = options
  const { records, total } = await withAudit(dataDir, clock, (audit) => audit.list({ before, limit, filter }))
  for (const record of records) {
    if (json) writeJsonLine(stdout, record)
    else writeLine(stdout, describeRecord(record))
  }
  if (!json && total > records.length)
    writeLine(stdout, `${records.length} of ${total} records; see --limit and --before`)
  return ExitCode.ok
}

const describeRecord = ({ sequence, time, severity, type, actor, subject, detail }: AuditRecord): string =>
  `${String(sequence).padStart(6)} ${time} ${severity.padEnd(8)} ${type} ${actor} ${subject} ${describeFields(detail)}`.trimEnd()

async function withAudit<Result>(
  folder: string,
  clock: Clock,
  work: (audit: AuditLog) => Result | Promise<Result>,
): Promise<Result> {
  return required(async () => {
    const database = Database.open(dataFolderLayout(folder).databaseFile, consoleMigrations, {
      readOnly: true,
    })
    try {
      return await work(new AuditLog({ database, clock }))
    } finally {
      database.close()
    }
  })
}
