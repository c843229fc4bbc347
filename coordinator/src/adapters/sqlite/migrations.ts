import type { DatabaseSync } from "node:sqlite";

/**
 * Numbered, forward only, run at start. Never edit one that was released: add
 * the next.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    run            INTEGER PRIMARY KEY,
    submission_id  TEXT UNIQUE,
    project        TEXT NOT NULL,
    candidate      TEXT NOT NULL,           -- JSON
    source         TEXT NOT NULL,           -- JSON
    state          TEXT NOT NULL,
    verdict        TEXT,
    reason         TEXT NOT NULL,
    submitted_at   INTEGER NOT NULL,        -- Unix milliseconds, as all times
    started_at     INTEGER,
    finished_at    INTEGER,
    changed_id     INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX runs_project ON runs (project, run);

  CREATE TABLE plans (
    run   INTEGER PRIMARY KEY REFERENCES runs (run),
    plan  TEXT NOT NULL                     -- JSON
  ) STRICT;

  CREATE TABLE jobs (
    run             INTEGER NOT NULL REFERENCES runs (run),
    job             INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    state           TEXT NOT NULL,
    outcome         TEXT,
    summary         TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    retries_left    INTEGER NOT NULL,
    agent_id        TEXT,
    python_version  TEXT NOT NULL,
    ready_at        INTEGER,
    started_at      INTEGER,
    finished_at     INTEGER,
    changed_id      INTEGER NOT NULL,
    PRIMARY KEY (run, job)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE attempts (
    run                INTEGER NOT NULL,
    job                INTEGER NOT NULL,
    attempt            INTEGER NOT NULL,
    agent_id           TEXT NOT NULL,
    state              TEXT NOT NULL,
    outcome            TEXT,
    summary            TEXT NOT NULL,
    excerpt            TEXT NOT NULL,
    python_version     TEXT NOT NULL,
    assigned_at        INTEGER NOT NULL,
    started_at         INTEGER,
    finished_at        INTEGER,
    acked_seq          INTEGER NOT NULL,
    log_bytes          INTEGER NOT NULL,
    log_bytes_dropped  INTEGER NOT NULL,
    steps              TEXT NOT NULL,       -- JSON
    artifacts          TEXT NOT NULL,       -- JSON
    PRIMARY KEY (run, job, attempt),
    FOREIGN KEY (run, job) REFERENCES jobs (run, job)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE agents (
    agent_id       TEXT PRIMARY KEY,
    session_id     TEXT NOT NULL,
    name           TEXT NOT NULL,
    version        TEXT NOT NULL,
    slots          INTEGER NOT NULL,
    executors      TEXT NOT NULL,           -- JSON
    inventory      TEXT NOT NULL,           -- JSON
    registered_at  INTEGER NOT NULL
  ) STRICT;
  `,
];

/** Brings the database to the newest schema. Throws when it is newer than this program. */
export function migrate(database: DatabaseSync): void {
  const row = database.prepare("PRAGMA user_version").get();
  const version = Number(row?.["user_version"]);
  if (version > MIGRATIONS.length) {
    throw new Error(
      `the store has schema ${version}, this program knows up to ${MIGRATIONS.length}: it was written by a newer Kiln, use that one`,
    );
  }
  for (let next = version; next < MIGRATIONS.length; next += 1) {
    database.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[next]}; PRAGMA user_version = ${next + 1}; COMMIT`);
  }
}
