import type { DatabaseSync } from "node:sqlite";
import type { ReleasePolicy } from "@kiln/gate";
import type { AttemptRow } from "../../domain/rows.ts";
import { ROLES } from "../../domain/principal.ts";
import type { ApprovalRow, DecidedBy, WaiverRow } from "../../domain/verdict/decision.ts";
import type { JudgedRun } from "../../domain/verdict/judged-run.ts";
import type { VerdictStore } from "../../ports/verdict-store.ts";
import { readAttempt, type Columns } from "./rows.ts";

export class SqliteVerdictStore implements VerdictStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async policy(run: number): Promise<ReleasePolicy | null> {
    const row = this.#database.prepare("SELECT policy FROM run_policies WHERE run = ?").get(run);
    return row === undefined ? null : (JSON.parse(row["policy"] as string) as ReleasePolicy);
  }

  async judged(run: number): Promise<JudgedRun | null> {
    const row = this.#database.prepare("SELECT judged FROM verdicts WHERE run = ?").get(run);
    return row === undefined ? null : readJudged(row["judged"] as string);
  }

  async newestJudged(projects: number, each: number): Promise<readonly number[]> {
    const sql = `WITH judged AS (
        SELECT runs.run, runs.project FROM runs JOIN verdicts ON verdicts.run = runs.run WHERE runs.state = 'finished'
      ), newest AS (SELECT project FROM judged GROUP BY project ORDER BY max(run) DESC LIMIT ?)
      SELECT run FROM (
        SELECT run, row_number() OVER (PARTITION BY project ORDER BY run DESC) AS nth
        FROM judged WHERE project IN (SELECT project FROM newest)
      ) WHERE nth <= ? ORDER BY run DESC`;
    const rows = this.#database.prepare(sql).all(projects, each);
    return rows.map((row) => row["run"] as number);
  }

  async approvals(run: number): Promise<readonly ApprovalRow[]> {
    const sql = "SELECT * FROM approvals WHERE run = ? ORDER BY id";
    return this.#database
      .prepare(sql)
      .all(run)
      .map((row) => ({
        ...decidedBy(row),
        digest: row["digest"] as string,
        atMs: row["at"] as number,
      }));
  }

  async waivers(run: number): Promise<readonly WaiverRow[]> {
    const sql = "SELECT * FROM waivers WHERE run = ? ORDER BY id";
    return this.#database
      .prepare(sql)
      .all(run)
      .map((row) => ({
        gate: row["gate"] as string,
        digest: row["digest"] as string,
        ...decidedBy(row),
        why: row["why"] as string,
        expiresAtMs: row["expires"] as number,
        atMs: row["at"] as number,
      }));
  }

  async resultsFrom(run: number, fromJob: number, limit: number): Promise<ReadonlyMap<number, AttemptRow>> {
    const sql = `SELECT jobs.job AS of_job, attempts.* FROM jobs JOIN attempts
        ON attempts.run = coalesce(jobs.reused_run, jobs.run) AND attempts.job = coalesce(jobs.reused_job, jobs.job)
          AND attempts.attempt = coalesce(jobs.reused_attempt, jobs.attempts)
      WHERE jobs.run = ? AND jobs.job >= ? AND jobs.job < ?`;
    const rows = this.#database.prepare(sql).all(run, fromJob, fromJob + limit);
    return new Map(rows.map((row) => [row["of_job"] as number, readAttempt(row)]));
  }
}

function decidedBy(row: Columns): DecidedBy {
  return {
    who: row["who"] as string,
    role: ROLES.find((role) => role === row["role"]) ?? null,
    onBehalfOf: row["on_behalf_of"] as string,
  };
}

/** Verdicts of farms before 21 November 2026 have no differences of pairs. */
function readJudged(text: string): JudgedRun {
  const judged = JSON.parse(text) as JudgedRun;
  const comparisons = judged.comparisons.map((one) => Object.assign({ differences: [] }, one));
  return { ...judged, comparisons };
}
