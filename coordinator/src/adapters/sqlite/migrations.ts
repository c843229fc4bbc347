import { OFFERED_BUNDLES_SCHEMA, UPDATE_SCHEMA } from "./update-store.ts";
import type { DatabaseSync } from "node:sqlite";
import { API_TOKENS_SCHEMA } from "./api-token-store.ts";
import { AUDIT_SCHEMA } from "./audit-store.ts";
import { IDENTITY_SCHEMA, JOINING_KEYS_SCHEMA } from "./identity-store.ts";
import { JOB_SECRETS_SCHEMA } from "./job-secret-store.ts";
import { addResultsAcrossRuns } from "./add-results-across-runs.ts";
import { addScheduling } from "./add-scheduling.ts";
import { addContainers, addFrontends, addJobSecrets, addMeasures, addRepeats, upgradePlans } from "./upgrade-plans.ts";
import { RETENTION_SCHEMA } from "./retention-schema.ts";
import { SELF_COMPARISON_SCHEMA } from "./self-comparison-store.ts";
import { DECIDED_BY_SCHEMA, VERDICT_SCHEMA } from "./verdict-schema.ts";

/**
 * Numbered, forward only, run at start. Never edit one that was released: add
 * the next.
 */
const MIGRATIONS: readonly (string | ((database: DatabaseSync) => void))[] = [
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
  `
  ALTER TABLE agents ADD COLUMN kinds TEXT NOT NULL DEFAULT '["build","test"]';  -- JSON
  ALTER TABLE agents ADD COLUMN installs_torch INTEGER NOT NULL DEFAULT 0;       -- 0 or 1
  UPDATE agents SET inventory = json_set(inventory, '$.osRelease', '', '$.gpus', json('[]'), '$.cudaToolkits', json('[]'));
  UPDATE runs SET candidate = json_set(candidate, '$.requiresDist', NULL);
  `,
  upgradePlans,
  `
  CREATE TABLE staged_files (
    run              INTEGER NOT NULL REFERENCES runs (run),
    variant          TEXT NOT NULL,         -- cpu, cu118, ...; any
    filename         TEXT NOT NULL,
    project          TEXT NOT NULL,         -- normalised
    version          TEXT NOT NULL,
    sha256           TEXT NOT NULL,         -- of the blob
    size_bytes       INTEGER NOT NULL,
    requires_python  TEXT,
    metadata_sha256  TEXT,                  -- of the blob with its METADATA
    job              INTEGER,               -- the build that made it; NULL: it was uploaded
    staged_at        INTEGER NOT NULL,
    yanked           TEXT,                  -- why; NULL: it is not
    PRIMARY KEY (run, variant, filename)
  ) STRICT, WITHOUT ROWID;

  -- The builds whose wheel was looked at, so that no crash leaves one out.
  CREATE TABLE staged_builds (
    run        INTEGER NOT NULL,
    job        INTEGER NOT NULL,
    filename   TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    refused    TEXT,                        -- why; NULL: it is staged
    looked_at  INTEGER NOT NULL,
    PRIMARY KEY (run, job),
    FOREIGN KEY (run, job) REFERENCES jobs (run, job)
  ) STRICT, WITHOUT ROWID;
  `,
  addContainers,
  `
  ALTER TABLE attempts ADD COLUMN reports TEXT NOT NULL DEFAULT '[]';  -- JSON
  `,
  addFrontends,
  addResultsAcrossRuns,
  RETENTION_SCHEMA,
  addRepeats,
  addMeasures,
  IDENTITY_SCHEMA,
  addScheduling,
  UPDATE_SCHEMA,
  VERDICT_SCHEMA,
  AUDIT_SCHEMA,
  API_TOKENS_SCHEMA,
  JOB_SECRETS_SCHEMA,
  addJobSecrets,
  JOINING_KEYS_SCHEMA,
  DECIDED_BY_SCHEMA,
  OFFERED_BUNDLES_SCHEMA,
  SELF_COMPARISON_SCHEMA,
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
    const step = MIGRATIONS[next];
    database.exec("BEGIN IMMEDIATE");
    if (typeof step === "string") database.exec(step);
    else step?.(database);
    database.exec(`PRAGMA user_version = ${next + 1}; COMMIT`);
  }
}
