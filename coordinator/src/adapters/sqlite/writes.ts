import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { AgentRow, AttemptRow, JobRow, RunRow } from "../../domain/rows.ts";
import type { AttemptChange, RunChange, StoreOp } from "../../domain/store-op.ts";
import { writeHealth } from "./write-health.ts";
import { writeSelfComparisons } from "./self-comparison-store.ts";
import { insertAudit } from "./audit-store.ts";

/** Performs store operations with statements that are prepared once. Call inside a transaction. */
export class SqliteWrites {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  perform(op: StoreOp): void {
    switch (op.op) {
      case "insert-run":
        this.#insertRun(op.run);
        this.#run("INSERT INTO plans (run, plan) VALUES (?, ?)", op.run.run, op.planJson);
        for (const job of op.jobs) this.#insertJob(job);
        for (const build of op.builds) {
          const sql = "INSERT INTO build_keys (key, run, job, name) VALUES (?, ?, ?, ?)";
          this.#run(sql, build.key, op.run.run, build.job, build.name);
        }
        return;
      case "update-run":
        this.#updateRun(op.run, op.set);
        return;
      case "update-job":
        this.#updateJob(op.row);
        return;
      case "insert-attempt":
        this.#insertAttempt(op.row);
        return;
      case "update-attempt":
        this.#updateAttempt(op.key.run, op.key.job, op.key.attempt, op.set);
        return;
      case "upsert-agent":
        this.#upsertAgent(op.row);
        return;
      case "put-policy":
        this.#run("INSERT INTO run_policies (run, policy) VALUES (?, ?)", op.run, JSON.stringify(op.policy));
        return;
      case "put-verdict":
        this.#run(
          "INSERT OR REPLACE INTO verdicts (run, judged_at, judged) VALUES (?, ?, ?)",
          op.run,
          op.judged.judgedAtMs,
          JSON.stringify(op.judged),
        );
        return;
      case "add-approval": {
        const { digest, who, role, onBehalfOf, atMs } = op.row;
        const sql = "INSERT INTO approvals (run, digest, who, role, on_behalf_of, at) VALUES (?, ?, ?, ?, ?, ?)";
        this.#run(sql, op.run, digest, who, role ?? "", onBehalfOf, atMs);
        return;
      }
      case "add-waiver": {
        const { gate, digest, who, role, onBehalfOf, why, expiresAtMs, atMs } = op.row;
        const sql = `INSERT INTO waivers (run, gate, digest, who, role, on_behalf_of, why, expires, at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
        this.#run(sql, op.run, gate, digest, who, role ?? "", onBehalfOf, why, expiresAtMs, atMs);
        return;
      }
      case "upsert-standing":
      case "upsert-device":
      case "insert-health-report":
        writeHealth((sql, ...values) => this.#statement(sql).run(...values), op);
        return;
      case "put-self-comparisons":
        writeSelfComparisons(op, (sql, ...values) => this.#statement(sql).run(...values));
        return;
      case "audit":
        insertAudit(this.#database, op.entry);
        return;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    const { changes } = this.#statement(sql).run(...values);
    if (changes !== 1) throw new Error(`a write changed ${changes} rows where it must change one: ${sql}`);
  }

  #insertRun(run: RunRow): void {
    this.#run(
      `INSERT INTO runs (run, submission_id, project, candidate, source, state, verdict, reason,
         submitted_at, started_at, finished_at, changed_id, priority, self_comparison_of)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      run.run,
      run.submissionId,
      run.candidate.name,
      JSON.stringify(run.candidate),
      JSON.stringify(run.source),
      run.state,
      run.verdict,
      run.reason,
      run.submittedAtMs,
      run.startedAtMs,
      run.finishedAtMs,
      run.changedId,
      run.priority,
      run.selfComparisonOf,
    );
  }

  #updateRun(run: number, set: RunChange): void {
    this.#run(
      `UPDATE runs SET state = ?, verdict = ?, reason = ?, started_at = ?, finished_at = ?, changed_id = ? WHERE run = ?`,
      set.state,
      set.verdict,
      set.reason,
      set.startedAtMs,
      set.finishedAtMs,
      set.changedId,
      run,
    );
  }

  #insertJob(job: JobRow): void {
    this.#run(
      `INSERT INTO jobs (kind, state, outcome, summary, attempts, retries_left, agent_id, python_version,
         ready_at, started_at, finished_at, changed_id, reused_run, reused_job, reused_attempt, reused_name, tests,
         replays_left, avoid, run, job) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...jobValues(job),
    );
  }

  #updateJob(job: JobRow): void {
    this.#run(
      `UPDATE jobs SET kind = ?, state = ?, outcome = ?, summary = ?, attempts = ?, retries_left = ?, agent_id = ?,
         python_version = ?, ready_at = ?, started_at = ?, finished_at = ?, changed_id = ?,
         reused_run = ?, reused_job = ?, reused_attempt = ?, reused_name = ?, tests = ?, replays_left = ?,
         avoid = ? WHERE run = ? AND job = ?`,
      ...jobValues(job),
    );
  }

  #insertAttempt(row: AttemptRow): void {
    this.#run(
      `INSERT INTO attempts (run, job, attempt, agent_id, state, outcome, summary, excerpt, python_version, assigned_at,
         started_at, finished_at, acked_seq, log_bytes, log_bytes_dropped, steps, artifacts,
         reports, devices, unhealthy)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.run,
      row.job,
      row.attempt,
      row.agentId,
      row.state,
      row.outcome,
      row.summary,
      row.excerpt,
      row.pythonVersion,
      row.assignedAtMs,
      row.startedAtMs,
      row.finishedAtMs,
      row.ackedSeq,
      row.logBytes,
      row.logBytesDropped,
      JSON.stringify(row.steps),
      JSON.stringify(row.artifacts),
      JSON.stringify(row.reports),
      JSON.stringify(row.devices),
      row.unhealthy,
    );
  }

  /**
   * Changes only what is given. An attempt that is finished stays as it is: the
   * first recorded outcome holds.
   */
  #updateAttempt(run: number, job: number, attempt: number, set: AttemptChange): void {
    const columns: string[] = [];
    const values: SQLInputValue[] = [];
    for (const [field, column] of ATTEMPT_COLUMNS) {
      const value = set[field];
      if (value === undefined) continue;
      columns.push(`${column} = ?`);
      values.push(typeof value === "object" ? JSON.stringify(value) : value);
    }
    if (columns.length === 0) return;
    this.#run(
      `UPDATE attempts SET ${columns.join(", ")} WHERE run = ? AND job = ? AND attempt = ? AND state <> 'finished'`,
      ...values,
      run,
      job,
      attempt,
    );
  }

  #upsertAgent(row: AgentRow): void {
    this.#run(
      `INSERT INTO agents (agent_id, session_id, name, version, slots, executors, kinds, installs_torch, inventory, registered_at,
           labels, ephemeral, host_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (agent_id) DO UPDATE SET session_id = excluded.session_id, name = excluded.name,
           version = excluded.version, slots = excluded.slots, executors = excluded.executors,
           kinds = excluded.kinds, installs_torch = excluded.installs_torch,
           inventory = excluded.inventory, registered_at = excluded.registered_at,
           labels = excluded.labels, ephemeral = excluded.ephemeral, host_id = excluded.host_id`,
      row.agentId,
      row.sessionId,
      row.name,
      row.version,
      row.slots,
      JSON.stringify(row.executors),
      JSON.stringify(row.kinds),
      row.installsTorch ? 1 : 0,
      JSON.stringify(row.inventory),
      row.registeredAtMs,
      JSON.stringify(row.labels),
      row.ephemeral ? 1 : 0,
      row.hostId,
    );
  }
}

const ATTEMPT_COLUMNS: readonly (readonly [keyof AttemptChange, string])[] = [
  ["state", "state"],
  ["outcome", "outcome"],
  ["summary", "summary"],
  ["excerpt", "excerpt"],
  ["pythonVersion", "python_version"],
  ["startedAtMs", "started_at"],
  ["finishedAtMs", "finished_at"],
  ["ackedSeq", "acked_seq"],
  ["logBytes", "log_bytes"],
  ["logBytesDropped", "log_bytes_dropped"],
  ["steps", "steps"],
  ["artifacts", "artifacts"],
  ["unhealthy", "unhealthy"],
  ["reports", "reports"],
];

/** In the order of both the insert and the update: the key comes last. */
function jobValues(job: JobRow): SQLInputValue[] {
  return [
    job.kind,
    job.state,
    job.outcome,
    job.summary,
    job.attempts,
    job.retriesLeft,
    job.agentId,
    job.pythonVersion,
    job.readyAtMs,
    job.startedAtMs,
    job.finishedAtMs,
    job.changedId,
    job.reusedFrom?.run ?? null,
    job.reusedFrom?.job ?? null,
    job.reusedFrom?.attempt ?? null,
    job.reusedFrom?.name ?? null,
    job.tests === null ? null : JSON.stringify(job.tests),
    job.replaysLeft,
    JSON.stringify(job.avoid),
    job.run,
    job.job,
  ];
}
