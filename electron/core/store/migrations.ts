/** One step of the database's history. Steps are never edited once released, only added. */
export interface Migration {
  readonly version: number
  readonly sql: string
}

/** The console's database. Times are ISO 8601 text in UTC; DER objects are blobs. */
export const consoleMigrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE audit_record (
        sequence INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        type TEXT NOT NULL,
        severity TEXT NOT NULL,
        actor TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL,
        previous_hash BLOB NOT NULL CHECK (length(previous_hash) = 32),
        hash BLOB NOT NULL CHECK (length(hash) = 32)
      ) STRICT;
      CREATE TRIGGER audit_record_is_not_edited BEFORE UPDATE ON audit_record
        BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
      CREATE TRIGGER audit_record_is_not_removed BEFORE DELETE ON audit_record
        BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
      CREATE INDEX audit_record_by_type ON audit_record (type, sequence);

      CREATE TABLE sealed_key (
        name TEXT PRIMARY KEY,
        algorithm TEXT NOT NULL,
        sealed BLOB NOT NULL,
        created_at TEXT NOT NULL
      ) STRICT;

      CREATE TABLE certificate (
        serial TEXT PRIMARY KEY,
        profile TEXT NOT NULL,
        agent_id TEXT,
        der BLOB NOT NULL,
        fingerprint TEXT NOT NULL UNIQUE,
        not_before TEXT NOT NULL,
        not_after TEXT NOT NULL,
        issued_at TEXT NOT NULL,
        revoked_at TEXT,
        revocation_reason TEXT
      ) STRICT;
      CREATE INDEX certificate_by_agent ON certificate (agent_id, issued_at);

      CREATE TABLE authority (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        token_serial TEXT NOT NULL,
        token_key_id TEXT NOT NULL,
        algorithm TEXT NOT NULL,
        certificate_serial TEXT NOT NULL REFERENCES certificate (serial),
        crl BLOB NOT NULL,
        crl_number INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE agent (
        id TEXT PRIMARY KEY,
        profile TEXT NOT NULL,
        enrolled_at TEXT NOT NULL,
        last_seen_at TEXT,
        compromised_at TEXT,
        compromise_reason TEXT,
        refused_connections INTEGER NOT NULL DEFAULT 0,
        is_console INTEGER NOT NULL DEFAULT 0
      ) STRICT;

      CREATE TABLE enrolment_request (
        id TEXT PRIMARY KEY,
        agent_id TEXT NOT NULL,
        profile TEXT NOT NULL,
        csr BLOB NOT NULL,
        fingerprint TEXT NOT NULL,
        key_algorithm TEXT NOT NULL,
        source TEXT NOT NULL,
        received_at TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'refused')),
        decided_at TEXT,
        decided_by TEXT,
        reason TEXT,
        certificate_serial TEXT REFERENCES certificate (serial)
      ) STRICT;
      CREATE UNIQUE INDEX enrolment_one_pending ON enrolment_request (agent_id) WHERE state = 'pending';
      CREATE INDEX enrolment_by_time ON enrolment_request (received_at);

      CREATE TABLE session_record (
        session_id TEXT PRIMARY KEY,
        initiator TEXT NOT NULL,
        responder TEXT NOT NULL,
        view TEXT NOT NULL,
        closed_at TEXT
      ) STRICT;
      CREATE INDEX session_record_open ON session_record (closed_at);

      CREATE TABLE rotation (
        id INTEGER PRIMARY KEY,
        entry TEXT NOT NULL
      ) STRICT;

      CREATE TABLE report (
        id INTEGER PRIMARY KEY,
        agent_id TEXT NOT NULL,
        report_id TEXT NOT NULL,
        UNIQUE (agent_id, report_id)
      ) STRICT;

      CREATE TABLE sequence_counter (
        peer TEXT PRIMARY KEY,
        reserved INTEGER NOT NULL
      ) STRICT;
    `,
  },
]

/** What an agent keeps between runs: how far its sequence numbers were reserved. */
export const agentMigrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE sequence_counter (
        peer TEXT PRIMARY KEY,
        reserved INTEGER NOT NULL
      ) STRICT;
    `,
  },
]
