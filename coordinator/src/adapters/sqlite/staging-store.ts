import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { AuditEntry } from "../../domain/audit.ts";
import type { Blob } from "../../domain/rows.ts";
import type { RefusedWheel, StagedFile, UnstagedWheel } from "../../domain/staging/staged-file.ts";
import type { StageOutcome, StagingStore } from "../../ports/staging-store.ts";
import { insertAudit } from "./audit-store.ts";
import type { Columns } from "./rows.ts";
import { inTransaction } from "./transaction.ts";

/**
 * The staging store in the store's own database. Every method does all its work
 * in one turn of the event loop, so its transactions and the store's never meet.
 */
export class SqliteStagingStore implements StagingStore {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async stage(file: StagedFile, filesMax: number, audit: AuditEntry | null): Promise<StageOutcome> {
    return inTransaction(this.#database, () => {
      const sql = "SELECT sha256 FROM staged_files WHERE run = ? AND variant = ? AND filename = ?";
      const present = this.#statement(sql).get(file.run, file.variant, file.filename)?.["sha256"] as string | undefined;
      if (present !== undefined && present !== file.sha256) {
        return { ok: false, reason: "other-bytes", sha256: present };
      }
      if (present === undefined) {
        const { count } = this.#statement("SELECT count(*) AS count FROM staged_files WHERE run = ?").get(file.run) as {
          readonly count: number;
        };
        if (count >= filesMax) return { ok: false, reason: "too-many", limit: filesMax };
        this.#insertFile(file);
        if (audit) insertAudit(this.#database, audit);
      }
      if (file.job !== null) this.#noteBuild(file.run, file.job, file.filename, file.sha256, null, file.stagedAtMs);
      return { ok: true, added: present === undefined };
    });
  }

  async refuse({ run, job, filename, sha256, reason, refusedAtMs }: RefusedWheel): Promise<void> {
    this.#noteBuild(run, job, filename, sha256, reason, refusedAtMs);
  }

  async unstaged(run: number): Promise<readonly UnstagedWheel[]> {
    const sql = `SELECT jobs.job, attempts.artifacts FROM jobs
      JOIN attempts ON attempts.run = coalesce(jobs.reused_run, jobs.run)
        AND attempts.job = coalesce(jobs.reused_job, jobs.job)
        AND attempts.attempt = coalesce(jobs.reused_attempt, jobs.attempts)
      WHERE jobs.run = ? AND jobs.kind = 'build' AND jobs.outcome = 'passed'
        AND NOT EXISTS (SELECT 1 FROM staged_builds AS done WHERE done.run = jobs.run AND done.job = jobs.job)
      ORDER BY jobs.job`;
    return this.#all(sql, run).flatMap((row) => {
      const artifacts = JSON.parse(row["artifacts"] as string) as readonly { role: string; blob: Blob }[];
      const wheel = artifacts.find(({ role }) => role === "wheel")?.blob;
      if (!wheel) return [];
      const { filename, sha256, sizeBytes } = wheel;
      return [{ job: row["job"] as number, filename, sha256, sizeBytes }];
    });
  }

  async files(run: number): Promise<readonly StagedFile[]> {
    return this.#all("SELECT * FROM staged_files WHERE run = ? ORDER BY variant, filename", run).map(readFile);
  }

  async refused(run: number): Promise<readonly RefusedWheel[]> {
    const sql = "SELECT * FROM staged_builds WHERE run = ? AND refused IS NOT NULL ORDER BY job";
    return this.#all(sql, run).map((row) => ({
      run: row["run"] as number,
      job: row["job"] as number,
      filename: row["filename"] as string,
      sha256: row["sha256"] as string,
      reason: row["refused"] as string,
      refusedAtMs: row["looked_at"] as number,
    }));
  }

  async setYanked(
    run: number,
    { filename, variant }: { readonly filename: string; readonly variant: string | null },
    yanked: string | null,
    audit: AuditEntry,
  ): Promise<number> {
    const sql = `UPDATE staged_files SET yanked = ? WHERE run = ? AND filename = ? AND variant = coalesce(?, variant)`;
    return inTransaction(this.#database, () => {
      const changed = Number(this.#statement(sql).run(yanked, run, filename, variant).changes);
      if (changed > 0) insertAudit(this.#database, audit);
      return changed;
    });
  }

  #insertFile(file: StagedFile): void {
    this.#statement(
      `INSERT INTO staged_files (run, variant, filename, project, version, sha256, size_bytes, requires_python,
         metadata_sha256, job, staged_at, yanked) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      file.run,
      file.variant,
      file.filename,
      file.project,
      file.version,
      file.sha256,
      file.sizeBytes,
      file.requiresPython,
      file.metadataSha256,
      file.job,
      file.stagedAtMs,
      file.yanked,
    );
  }

  #noteBuild(run: number, job: number, filename: string, sha256: string, refused: string | null, atMs: number): void {
    this.#statement(
      `INSERT INTO staged_builds (run, job, filename, sha256, refused, looked_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (run, job) DO UPDATE SET filename = excluded.filename, sha256 = excluded.sha256,
           refused = excluded.refused, looked_at = excluded.looked_at`,
    ).run(run, job, filename, sha256, refused, atMs);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  #all(sql: string, ...values: SQLInputValue[]): Columns[] {
    return this.#statement(sql).all(...values);
  }
}

function readFile(row: Columns): StagedFile {
  return {
    run: row["run"] as number,
    variant: row["variant"] as string,
    filename: row["filename"] as string,
    project: row["project"] as string,
    version: row["version"] as string,
    sha256: row["sha256"] as string,
    sizeBytes: row["size_bytes"] as number,
    requiresPython: row["requires_python"] as string | null,
    metadataSha256: row["metadata_sha256"] as string | null,
    job: row["job"] as number | null,
    stagedAtMs: row["staged_at"] as number,
    yanked: row["yanked"] as string | null,
  };
}
