import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { proportionInterval } from "@kiln/gate";
import {
  SELF_COMPARISONS_KEPT,
  type SelfComparison,
  type SelfComparisonRate,
} from "../../domain/measure/self-comparison.ts";
import type { StoreOp } from "../../domain/store-op.ts";
import type { SelfComparisonStore } from "../../ports/self-comparison-store.ts";

export const SELF_COMPARISON_SCHEMA = `
  ALTER TABLE runs ADD COLUMN self_comparison_of INTEGER;  -- the run whose files it compares with themselves
  CREATE INDEX runs_self_comparison ON runs (project, submitted_at) WHERE self_comparison_of IS NOT NULL;

  CREATE TABLE self_comparisons (
    project    TEXT NOT NULL,
    machine    TEXT NOT NULL,               -- a class of machines
    run        INTEGER NOT NULL REFERENCES runs (run),
    benchmark  TEXT NOT NULL,
    cell       TEXT NOT NULL,
    estimate   REAL NOT NULL,               -- ln(second/first)
    outcome    TEXT NOT NULL,
    PRIMARY KEY (project, machine, run, benchmark, cell)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX self_comparisons_run ON self_comparisons (run);
`;

/** Takes what a run against itself found; `run` executes a prepared statement. */
export function writeSelfComparisons(
  op: Extract<StoreOp, { readonly op: "put-self-comparisons" }>,
  run: (sql: string, ...values: SQLInputValue[]) => unknown,
): void {
  run("DELETE FROM self_comparisons WHERE run = ?", op.run);
  const insert = `INSERT INTO self_comparisons (project, machine, run, benchmark, cell, estimate, outcome)
    SELECT project, ?, run, ?, ?, ?, ? FROM runs WHERE run = ?`;
  for (const { machine, benchmark, cell, estimate, outcome } of op.found) {
    run(insert, machine, benchmark, cell, estimate, outcome, op.run);
  }
  const prune = `DELETE FROM self_comparisons
    WHERE project = (SELECT project FROM runs WHERE run = ?) AND machine = ? AND run < (
      SELECT run FROM self_comparisons AS kept
      WHERE kept.project = self_comparisons.project AND kept.machine = self_comparisons.machine
      ORDER BY run DESC LIMIT 1 OFFSET ?)`;
  for (const machine of new Set(op.found.map((one) => one.machine))) run(prune, op.run, machine, SELF_COMPARISONS_KEPT);
}

export class SqliteSelfComparisonStore implements SelfComparisonStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async newestAtMs(project: string): Promise<number | null> {
    const row = this.#database
      .prepare("SELECT max(submitted_at) AS at FROM runs WHERE project = ? AND self_comparison_of IS NOT NULL")
      .get(project);
    return (row?.["at"] as number | null | undefined) ?? null;
  }

  async history(project: string): Promise<readonly SelfComparison[]> {
    const sql = "SELECT machine, benchmark, cell, estimate, outcome FROM self_comparisons WHERE project = ?";
    return this.#database
      .prepare(sql)
      .all(project)
      .map((row) => ({
        machine: row["machine"] as string,
        benchmark: row["benchmark"] as string,
        cell: row["cell"] as string,
        estimate: row["estimate"] as number,
        outcome: row["outcome"] as SelfComparison["outcome"],
      }));
  }

  async rates(project: string | null, limit: number): Promise<readonly SelfComparisonRate[]> {
    const sql = `SELECT project, machine, count(*) AS comparisons,
        sum(outcome = 'regressed') AS stopped, sum(outcome = 'cannot-tell') AS undecided
      FROM self_comparisons WHERE ? IS NULL OR project = ?
      GROUP BY project, machine ORDER BY max(run) DESC, machine LIMIT ?`;
    return this.#database
      .prepare(sql)
      .all(project, project, limit)
      .map((row) => {
        const [comparisons, stopped] = [row["comparisons"] as number, row["stopped"] as number];
        return {
          project: row["project"] as string,
          machine: row["machine"] as string,
          ...{ comparisons, stopped, undecided: row["undecided"] as number },
          falsePositives: proportionInterval(stopped, comparisons, 0.95),
        };
      });
  }
}
