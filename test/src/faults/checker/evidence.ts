import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import type { AgentEntry } from "../agent-journal.ts";
import type { FarmEntry } from "../journal.ts";

/** Where everything lies that a farm leaves behind. */
export interface FarmRemains {
  /** Of the coordinator, which must have stopped. */
  readonly coordinatorDir: string;
  readonly farmJournal: string;
  readonly agents: readonly { readonly name: string; readonly dir: string; readonly journal: string }[];
  readonly processesLeft: readonly number[];
}

export interface RunRow {
  readonly run: number;
  readonly state: string;
  readonly verdict: string | null;
  /** Names of its jobs, by position. */
  readonly jobNames: readonly string[];
  /** Positions of the jobs that each needs. */
  readonly needs: readonly (readonly number[])[];
}

export interface JobRow {
  readonly run: number;
  readonly job: number;
  readonly kind: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly attempts: number;
}

export interface AttemptRow {
  readonly run: number;
  readonly job: number;
  readonly attempt: number;
  readonly agent: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly startedAt: number | null;
  readonly ackedSeq: number;
  readonly logBytes: number;
  readonly artifacts: readonly { readonly sha256: string; readonly sizeBytes: number }[];
}

/** All that the checker judges by, read with nothing of the coordinator's code. */
export interface Evidence {
  /** What SQLite says against its own files; empty: nothing. */
  readonly damage: readonly string[];
  readonly runs: ReadonlyMap<number, RunRow>;
  readonly jobs: readonly JobRow[];
  /** By `jobKey`, oldest first. */
  readonly attempts: ReadonlyMap<string, readonly AttemptRow[]>;
  /** By `run.job.attempt`; a log without bytes may be missing. */
  readonly logs: ReadonlyMap<string, Buffer>;
  /** Sizes of the stored blobs whose bytes are those of their name. */
  readonly blobs: ReadonlyMap<string, number>;
  readonly damagedBlobs: readonly string[];
  readonly promises: readonly FarmEntry[];
  readonly agentEntries: readonly AgentEntry[];
  /** Attempts in the agents' spools. */
  readonly spooled: readonly string[];
  readonly processesLeft: readonly number[];
}

export function readEvidence(remains: FarmRemains): Evidence {
  const database = new DatabaseSync(join(remains.coordinatorDir, "kiln.db"));
  try {
    return {
      ...readStore(database),
      logs: readLogs(join(remains.coordinatorDir, "logs")),
      ...readBlobs(join(remains.coordinatorDir, "blobs")),
      promises: readLines<FarmEntry>(remains.farmJournal),
      agentEntries: remains.agents.flatMap(({ journal }) => readLines<AgentEntry>(journal)),
      spooled: remains.agents.flatMap(({ name, dir }) => spoolFiles(dir).map((file) => `${name}: ${file}`)),
      processesLeft: remains.processesLeft,
    };
  } finally {
    database.close();
  }
}

export function jobKey({ run, job }: { readonly run: number; readonly job: number }): string {
  return `${run}.${job}`;
}

export function attemptName(ref: { readonly run: number; readonly job: number; readonly attempt: number }): string {
  return `${ref.run}.${ref.job}.${ref.attempt}`;
}

type Row = Record<string, SQLOutputValue>;

function nullableText(value: SQLOutputValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function readStore(database: DatabaseSync): Pick<Evidence, "damage" | "runs" | "jobs" | "attempts"> {
  const all = (sql: string): Row[] => database.prepare(sql).all();
  const integrity = all("PRAGMA integrity_check").map((row) => String(row["integrity_check"]));
  const foreign = all("PRAGMA foreign_key_check").map((row) => `a row of ${String(row["table"])} refers to nothing`);
  const plans = new Map(all("SELECT run, plan FROM plans").map((row) => [Number(row["run"]), String(row["plan"])]));
  const runs = all("SELECT run, state, verdict FROM runs").map((row) => runRow(row, plans.get(Number(row["run"]))));
  const jobs = all("SELECT run, job, kind, state, outcome, attempts FROM jobs ORDER BY run, job").map(
    (row): JobRow => ({
      run: Number(row["run"]),
      job: Number(row["job"]),
      kind: String(row["kind"]),
      state: String(row["state"]),
      outcome: nullableText(row["outcome"]),
      attempts: Number(row["attempts"]),
    }),
  );
  const attempts = new Map<string, AttemptRow[]>();
  for (const row of all(`
    SELECT run, job, attempt, COALESCE(agents.name, '') AS agent, state, outcome, started_at, acked_seq, log_bytes, artifacts
    FROM attempts LEFT JOIN agents USING (agent_id) ORDER BY run, job, attempt`)) {
    const attempt = attemptRow(row);
    const key = jobKey(attempt);
    attempts.set(key, [...(attempts.get(key) ?? []), attempt]);
  }
  return {
    damage: [...integrity.filter((line) => line !== "ok"), ...foreign],
    runs: new Map(runs.map((run) => [run.run, run])),
    jobs,
    attempts,
  };
}

function runRow(row: Row, plan: string | undefined): RunRow {
  const jobs = (JSON.parse(plan ?? '{"jobs":[]}') as { jobs: { name: string; needs: string[] }[] }).jobs;
  const place = new Map(jobs.map(({ name }, index) => [name, index]));
  return {
    run: Number(row["run"]),
    state: String(row["state"]),
    verdict: nullableText(row["verdict"]),
    jobNames: jobs.map(({ name }) => name),
    needs: jobs.map(({ needs }) => needs.flatMap((name) => place.get(name) ?? [])),
  };
}

function attemptRow(row: Row): AttemptRow {
  const artifacts = JSON.parse(String(row["artifacts"])) as { blob?: AttemptRow["artifacts"][number] }[];
  return {
    run: Number(row["run"]),
    job: Number(row["job"]),
    attempt: Number(row["attempt"]),
    agent: String(row["agent"]),
    state: String(row["state"]),
    outcome: nullableText(row["outcome"]),
    startedAt: row["started_at"] === null ? null : Number(row["started_at"]),
    ackedSeq: Number(row["acked_seq"]),
    logBytes: Number(row["log_bytes"]),
    artifacts: artifacts.flatMap(({ blob }) => (blob ? [blob] : [])),
  };
}

function readLogs(folder: string): Map<string, Buffer> {
  const logs = new Map<string, Buffer>();
  for (const run of existsSync(folder) ? readdirSync(folder) : []) {
    for (const file of readdirSync(join(folder, run))) {
      if (file.endsWith(".log")) {
        logs.set(`${run.slice(1)}.${file.slice(0, -".log".length)}`, readFileSync(join(folder, run, file)));
      }
    }
  }
  return logs;
}

function readBlobs(folder: string): Pick<Evidence, "blobs" | "damagedBlobs"> {
  const blobs = new Map<string, number>();
  const damagedBlobs: string[] = [];
  for (const part of readdirSync(folder).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    for (const rest of readdirSync(join(folder, part))) {
      const path = join(folder, part, rest);
      const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
      if (digest === part + rest) blobs.set(digest, statSync(path).size);
      else damagedBlobs.push(part + rest);
    }
  }
  return { blobs, damagedBlobs };
}

function readLines<Entry>(path: string): Entry[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Entry);
}

function spoolFiles(agentDir: string): string[] {
  const folder = join(agentDir, "spool");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((file) => statSync(join(folder, file)).size > 0);
}
