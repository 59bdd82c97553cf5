import type { AuthorityAlgorithm } from '#shared/model/fleet.ts'
import type { Database, Statement } from './database.ts'

/** The one row of the table `authority`: which key of which token signs, and the CRL in force. */
export interface AuthorityRow {
  readonly token_serial: string
  readonly token_key_id: string
  readonly algorithm: AuthorityAlgorithm
  readonly certificate_serial: string
  readonly crl: Buffer
  readonly crl_number: number
}

export class AuthorityStore {
  readonly #insert: Statement<[AuthorityRow], never>
  readonly #read: Statement<[], AuthorityRow>
  readonly #replaceCrl: Statement<[Buffer, number, number], never>

  constructor(database: Database) {
    this.#insert = database.prepare(
      `INSERT INTO authority (id, token_serial, token_key_id, algorithm, certificate_serial, crl, crl_number)
       VALUES (1, @token_serial, @token_key_id, @algorithm, @certificate_serial, @crl, @crl_number)`,
    )
    this.#read = database.prepare(
      'SELECT token_serial, token_key_id, algorithm, certificate_serial, crl, crl_number FROM authority WHERE id = 1',
    )
    this.#replaceCrl = database.prepare(
      'UPDATE authority SET crl = ?, crl_number = ? WHERE id = 1 AND crl_number < ?',
    )
  }

  /** @throws SecurityException `conflict` when there is one already. */
  insert(row: AuthorityRow): void {
    this.#insert.run(row)
  }

  read(): AuthorityRow | undefined {
    return this.#read.get()
  }

  /** @returns false when the list in force has this number or a higher one. */
  replaceCrl(crl: Buffer, number: number): boolean {
    return this.#replaceCrl.run(crl, number, number).changes === 1
  }
}
