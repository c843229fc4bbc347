import type { DatabaseSync } from "node:sqlite";

/** The part of a plan that a build is found by. */
interface PlanOfBuilds {
  readonly jobs: readonly { readonly kind: string; readonly name: string; readonly key: string }[];
}

/** Schema 8: builds are found by their content key, and jobs can have the result of an earlier run. */
export function addResultsAcrossRuns(database: DatabaseSync): void {
  database.exec(`
    -- The attempt whose result the job has; all NULL: it was run, or will be.
    ALTER TABLE jobs ADD COLUMN reused_run INTEGER;
    ALTER TABLE jobs ADD COLUMN reused_job INTEGER;
    ALTER TABLE jobs ADD COLUMN reused_attempt INTEGER;
    ALTER TABLE jobs ADD COLUMN reused_name TEXT;     -- of that job
    ALTER TABLE jobs ADD COLUMN tests TEXT;           -- JSON; NULL: no test report

    CREATE TABLE build_keys (
      key   TEXT NOT NULL,
      run   INTEGER NOT NULL,
      job   INTEGER NOT NULL,
      name  TEXT NOT NULL,
      PRIMARY KEY (key, run, job),
      FOREIGN KEY (run, job) REFERENCES jobs (run, job)
    ) STRICT, WITHOUT ROWID;
  `);
  const insert = database.prepare("INSERT INTO build_keys (key, run, job, name) VALUES (?, ?, ?, ?)");
  const read = database.prepare("SELECT plan FROM plans WHERE run = ?");
  const known = database.prepare("SELECT 1 FROM jobs WHERE run = ? AND job = ?");
  // One at a time, so that memory stays small.
  for (const { run } of database.prepare("SELECT run FROM plans").all()) {
    const { jobs } = JSON.parse(read.get(run ?? null)?.["plan"] as string) as PlanOfBuilds;
    for (const [job, { kind, name, key }] of jobs.entries()) {
      if (kind === "build" && known.get(run ?? null, job)) insert.run(key, run ?? null, job, name);
    }
  }
}
