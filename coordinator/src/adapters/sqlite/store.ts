import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { AttemptKey } from "../../domain/attempt-key.ts";
import { NEW_STANDING, type AgentStanding } from "../../domain/agent-standing.ts";
import type { AgentRow, AttemptRow, HealthReportRow, JobRow, RunRow } from "../../domain/rows.ts";
import type { ActiveState } from "../../domain/rebuild-farm.ts";
import type { StoreOp } from "../../domain/store-op.ts";
import type { ApiTokenStore } from "../../ports/api-token-store.ts";
import type { AuditStore } from "../../ports/audit-store.ts";
import type { IdentityStore } from "../../ports/identity-store.ts";
import type { JobCount, PassedBuild, RunChanges, Store } from "../../ports/store.ts";
import type { JobSecretStore } from "../../ports/job-secret-store.ts";
import type { SelfComparisonStore } from "../../ports/self-comparison-store.ts";
import type { RetentionStore } from "../../ports/retention-store.ts";
import type { StagingStore } from "../../ports/staging-store.ts";
import type { UpdateStore } from "../../ports/update-store.ts";
import type { VerdictStore } from "../../ports/verdict-store.ts";
import { SqliteApiTokenStore } from "./api-token-store.ts";
import { SqliteAuditStore } from "./audit-store.ts";
import { SqliteIdentityStore } from "./identity-store.ts";
import { SqliteJobSecretStore } from "./job-secret-store.ts";
import { SqliteUpdateStore } from "./update-store.ts";
import { migrate } from "./migrations.ts";
import {
  readAgent,
  readAttempt,
  readDevice,
  readHealthReport,
  readJob,
  readPassedBuild,
  readRun,
  type Columns,
} from "./rows.ts";
import { SqliteSelfComparisonStore } from "./self-comparison-store.ts";
import { SqliteRetentionStore } from "./retention-store.ts";
import { SqliteStagingStore } from "./staging-store.ts";
import { SqliteVerdictStore } from "./verdict-store.ts";
import { SqliteWrites } from "./writes.ts";

/** How many of a project's latest passed jobs say how long a job takes. */
const HISTORY_JOBS = 100;
/** Builds of one content key that are told: the newest may have lost its bytes. */
const BUILDS_PER_KEY = 4;
/** How long to wait for a coordinator that is just ending to let go of the file. */
const LOCK_WAIT_MS = 1_000;

/** All stores; closing the one closes the others. */
export type SqliteStores = Store & {
  readonly staging: StagingStore;
  readonly retention: RetentionStore;
  readonly verdicts: VerdictStore;
  readonly selfComparisons: SelfComparisonStore;
  readonly identities: IdentityStore;
  readonly updates: UpdateStore;
  readonly audit: AuditStore;
  readonly apiTokens: ApiTokenStore;
  readonly jobSecrets: JobSecretStore;
};

/** Opens, and makes where needed, the store in one SQLite file (WAL, every commit fsynced). */
export function openSqliteStore(file: string): SqliteStores {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
  try {
    chmodSync(file, 0o600);
    // Exclusive: a second coordinator on the same file would assign the same jobs.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    migrate(database);
    database.exec("BEGIN IMMEDIATE; COMMIT");
  } catch (cause) {
    database.close();
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the store ${file} cannot be used: ${message}`, { cause });
  }
  return new SqliteStore(database);
}

class SqliteStore implements SqliteStores {
  readonly staging: StagingStore;
  readonly retention: RetentionStore;
  readonly verdicts: VerdictStore;
  readonly selfComparisons: SelfComparisonStore;
  readonly identities: IdentityStore;
  readonly updates: UpdateStore;
  readonly audit: AuditStore;
  readonly apiTokens: ApiTokenStore;
  readonly jobSecrets: JobSecretStore;
  readonly #database: DatabaseSync;
  readonly #writes: SqliteWrites;
  readonly #prepared = new Map<string, StatementSync>();
  #open = true;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#writes = new SqliteWrites(database);
    this.staging = new SqliteStagingStore(database);
    this.retention = new SqliteRetentionStore(database);
    this.verdicts = new SqliteVerdictStore(database);
    this.selfComparisons = new SqliteSelfComparisonStore(database);
    this.identities = new SqliteIdentityStore(database);
    this.updates = new SqliteUpdateStore(database);
    this.audit = new SqliteAuditStore(database);
    this.apiTokens = new SqliteApiTokenStore(database);
    this.jobSecrets = new SqliteJobSecretStore(database);
  }

  async commit(ops: readonly StoreOp[]): Promise<void> {
    if (ops.length === 0) return;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const op of ops) this.#writes.perform(op);
      this.#database.exec("COMMIT");
    } catch (cause) {
      // A failed COMMIT may have rolled back already; then there is nothing to undo.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw cause;
    }
  }

  async loadActive(): Promise<ActiveState> {
    const runs = this.#all("SELECT * FROM runs WHERE state <> 'finished' ORDER BY run").map(readRun);
    const attempts = this.#all(
      `WITH active AS (SELECT jobs.* FROM jobs JOIN runs USING (run) WHERE runs.state <> 'finished'),
         wanted AS (
           SELECT run, job, attempts.attempt FROM active JOIN attempts USING (run, job)
             WHERE attempts.state <> 'finished' OR (active.kind = 'build' AND attempts.outcome = 'passed')
           UNION
           SELECT reused_run, reused_job, reused_attempt FROM active WHERE kind = 'build' AND reused_run IS NOT NULL
         )
         SELECT attempts.* FROM wanted JOIN attempts USING (run, job, attempt) ORDER BY run, job, attempt`,
    ).map(readAttempt);
    const withJobs = runs.map((run) => ({ run, jobs: this.#jobs(run.run) }));
    return {
      runs: withJobs,
      attempts,
      agents: this.#all("SELECT * FROM agents ORDER BY agent_id").map(readAgent),
      standings: new Map(
        this.#all("SELECT * FROM agent_standings").map((row) => [
          row["agent_id"] as string,
          // An older one has not all of its parts.
          { ...NEW_STANDING, ...(JSON.parse(row["standing"] as string) as Partial<AgentStanding>) },
        ]),
      ),
      devices: this.#all("SELECT * FROM devices ORDER BY host, uuid").map(readDevice),
      lastRun: this.#number("SELECT coalesce(max(run), 0) AS n FROM runs"),
      lastChangedId: this.#number(
        "SELECT max((SELECT coalesce(max(changed_id), 0) FROM runs), (SELECT coalesce(max(changed_id), 0) FROM jobs)) AS n",
      ),
    };
  }

  async run(run: number): Promise<RunRow | null> {
    return this.#one(readRun, "SELECT * FROM runs WHERE run = ?", run);
  }

  async runBySubmission(submissionId: string): Promise<RunRow | null> {
    return this.#one(readRun, "SELECT * FROM runs WHERE submission_id = ?", submissionId);
  }

  async runs(limit: number, before: number | null): Promise<readonly RunRow[]> {
    const below = before ?? Number.MAX_SAFE_INTEGER;
    return this.#all("SELECT * FROM runs WHERE run < ? ORDER BY run DESC LIMIT ?", below, limit).map(readRun);
  }

  async planJson(run: number): Promise<string | null> {
    return this.#one((row) => row["plan"] as string, "SELECT plan FROM plans WHERE run = ?", run);
  }

  async jobs(run: number): Promise<readonly JobRow[]> {
    return this.#jobs(run);
  }

  async job(run: number, job: number): Promise<JobRow | null> {
    return this.#one(readJob, "SELECT * FROM jobs WHERE run = ? AND job = ?", run, job);
  }

  async changesAfter(run: number, changedId: number): Promise<RunChanges | null> {
    // Both reads happen in one turn of the event loop, so no commit comes between them.
    const row = this.#one(readRun, "SELECT * FROM runs WHERE run = ?", run);
    if (!row) return null;
    const sql = "SELECT * FROM jobs WHERE run = ? AND changed_id > ? ORDER BY changed_id";
    return { run: row, jobs: this.#all(sql, run, changedId).map(readJob) };
  }

  async jobCounts(runs: readonly number[]): Promise<readonly JobCount[]> {
    const sql = `SELECT run, state, outcome, count(*) AS count FROM jobs
      WHERE run IN (SELECT value FROM json_each(?)) GROUP BY run, state, outcome`;
    return this.#all(sql, JSON.stringify(runs)).map((row) => ({
      run: row["run"] as number,
      state: row["state"] as JobRow["state"],
      outcome: row["outcome"] as JobRow["outcome"],
      count: row["count"] as number,
    }));
  }

  async attempts(run: number, job: number): Promise<readonly AttemptRow[]> {
    return this.#all("SELECT * FROM attempts WHERE run = ? AND job = ? ORDER BY attempt", run, job).map(readAttempt);
  }

  async attempt(key: AttemptKey): Promise<AttemptRow | null> {
    const sql = "SELECT * FROM attempts WHERE run = ? AND job = ? AND attempt = ?";
    return this.#one(readAttempt, sql, key.run, key.job, key.attempt);
  }

  async agents(): Promise<readonly AgentRow[]> {
    return this.#all("SELECT * FROM agents ORDER BY agent_id").map(readAgent);
  }

  async healthReports(agentId: string): Promise<readonly HealthReportRow[]> {
    const sql = "SELECT * FROM health_reports WHERE agent_id = ? ORDER BY number DESC";
    return this.#all(sql, agentId).map(readHealthReport);
  }

  async lastFinishedRun(project: string): Promise<number | null> {
    const sql = `SELECT run FROM runs WHERE project = ? AND state = 'finished'
      AND self_comparison_of IS NULL ORDER BY run DESC LIMIT 1`;
    return this.#one((row) => row["run"] as number, sql, project);
  }

  async passedRuns(project: string, limit: number, before: number): Promise<readonly RunRow[]> {
    const sql = `SELECT * FROM runs WHERE project = ? AND state = 'finished' AND verdict = 'pass' AND run < ?
      ORDER BY run DESC LIMIT ?`;
    return this.#all(sql, project, before, limit).map(readRun);
  }

  async runsOfCommit(project: string, prefix: string, limit: number, before: number): Promise<readonly RunRow[]> {
    const sql = `SELECT * FROM runs WHERE project = ? AND run < ? AND substr(candidate ->> '$.commit', 1, ?) = ?
      AND self_comparison_of IS NULL
      ORDER BY run DESC LIMIT ?`;
    return this.#all(sql, project, before, prefix.length, prefix, limit).map(readRun);
  }

  async passedBuilds(project: string, keys: readonly string[], before: number | null): Promise<readonly PassedBuild[]> {
    const sql = `SELECT * FROM (
        SELECT build_keys.key, build_keys.name, attempts.*,
          row_number() OVER (PARTITION BY build_keys.key ORDER BY build_keys.run DESC) AS nth
        FROM json_each(?) AS wanted
        JOIN build_keys ON build_keys.key = wanted.value
        JOIN runs ON runs.run = build_keys.run
        JOIN jobs ON jobs.run = build_keys.run AND jobs.job = build_keys.job
        JOIN attempts ON attempts.run = jobs.run AND attempts.job = jobs.job AND attempts.attempt = jobs.attempts
        WHERE runs.project = ? AND build_keys.run < ? AND jobs.outcome = 'passed' AND jobs.reused_run IS NULL
      ) WHERE nth <= ${BUILDS_PER_KEY} ORDER BY key, nth`;
    const below = before ?? Number.MAX_SAFE_INTEGER;
    return this.#all(sql, JSON.stringify(keys), project, below).flatMap((row) => readPassedBuild(row) ?? []);
  }

  async meanDurationsMs(project: string): Promise<Readonly<Partial<Record<JobRow["kind"], number>>>> {
    const sql = `SELECT kind, avg(took) AS mean FROM (
        SELECT kind, jobs.finished_at - jobs.started_at AS took FROM runs JOIN jobs USING (run)
        WHERE project = ? AND outcome = 'passed' AND jobs.started_at IS NOT NULL
        ORDER BY run DESC LIMIT ${HISTORY_JOBS}
      ) GROUP BY kind`;
    const means: Partial<Record<JobRow["kind"], number>> = {};
    for (const row of this.#all(sql, project)) {
      means[row["kind"] as JobRow["kind"]] = row["mean"] as number;
    }
    return means;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#database.close();
  }

  #jobs(run: number): readonly JobRow[] {
    return this.#all("SELECT * FROM jobs WHERE run = ? ORDER BY job", run).map(readJob);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  #all(sql: string, ...values: SQLInputValue[]): Columns[] {
    return this.#statement(sql).all(...values);
  }

  #one<T>(read: (row: Columns) => T, sql: string, ...values: SQLInputValue[]): T | null {
    const row = this.#statement(sql).get(...values);
    return row === undefined ? null : read(row);
  }

  #number(sql: string): number {
    return this.#one((row) => Number(row["n"]), sql) ?? 0;
  }
}
