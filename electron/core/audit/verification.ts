import { setImmediate as turn } from 'node:timers/promises'
import type { AuditVerification } from '#shared/model/console.ts'
import { equalInConstantTime } from '../crypto/digest.ts'
import type { Database } from '../store/database.ts'
import { type AuditRow, chainStart, recordHash } from './record.ts'

/** Where the chain ends: the newest record's sequence and hash (32 bytes). */
export interface ChainHead {
  readonly sequence: number
  readonly hash: Buffer
}

type Outcome = Omit<AuditVerification, 'verifiedAt'>

/** Records checked between two turns of the event loop: a few milliseconds of work. */
const pieceLength = 500

/**
 * Walks the chain from the first record to the last one that is there when the walk arrives. `knownHead` is asked at
 * the end: what the process has written must still be there.
 */
export async function verifyChain(
  database: Database,
  knownHead: () => ChainHead,
  signal?: AbortSignal,
): Promise<Outcome> {
  const page = database.prepare<[number, number], AuditRow>(
    'SELECT * FROM audit_record WHERE sequence > ? ORDER BY sequence LIMIT ?',
  )
  const expected = knownHead()
  let head: ChainHead = { sequence: 0, hash: chainStart }
  let metExpected = expected.sequence === 0
  for (;;) {
    signal?.throwIfAborted()
    const rows = page.all(head.sequence, pieceLength)
    for (const row of rows) {
      const problem = problemOf(row, head)
      if (problem) return { intact: false, records: head.sequence, ...problem }
      head = { sequence: row.sequence, hash: row.hash }
      if (head.sequence === expected.sequence) metExpected = equalInConstantTime(head.hash, expected.hash)
      if (head.sequence === expected.sequence && !metExpected) break
    }
    if (rows.length < pieceLength) break
    await turn()
  }
  if (metExpected) return { intact: true, records: head.sequence, firstBad: null, problem: null }
  return { intact: false, records: head.sequence, ...endProblem(head, expected) }
}

type Problem = Pick<Outcome, 'firstBad' | 'problem'>

function problemOf(row: AuditRow, head: ChainHead): Problem | null {
  const due = head.sequence + 1
  if (row.sequence !== due) {
    const last = row.sequence - 1
    const which = last === due ? `Record ${due} is` : `Records ${due} to ${last} are`
    return { firstBad: due, problem: `${which} missing.` }
  }
  if (!equalInConstantTime(row.hash, recordHash(row))) {
    return { firstBad: due, problem: `Record ${due} was changed after it was written.` }
  }
  if (!equalInConstantTime(row.previous_hash, head.hash)) {
    const before = due === 1 ? 'the start of the chain' : `record ${head.sequence}`
    return {
      firstBad: due,
      problem: `Record ${due} does not follow ${before}: one of them was replaced or moved.`,
    }
  }
  return null
}

function endProblem(head: ChainHead, expected: ChainHead): Problem {
  if (head.sequence < expected.sequence) {
    return { firstBad: head.sequence + 1, problem: `The records from ${head.sequence + 1} on were removed.` }
  }
  return {
    firstBad: expected.sequence,
    problem: `The chain up to record ${expected.sequence} was written anew.`,
  }
}
