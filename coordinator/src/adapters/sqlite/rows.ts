import type { SQLOutputValue } from "node:sqlite";
import type { PassedBuild } from "../../ports/store.ts";
import type { AgentRow, AttemptRow, DeviceRow, HealthReportRow, JobRow, RunRow } from "../../domain/rows.ts";

export type Columns = Record<string, SQLOutputValue>;

// The adapter reads only what it wrote itself, into STRICT tables, so the
// columns are taken at their word here and nowhere else.

export function readRun(row: Columns): RunRow {
  return {
    run: row["run"] as number,
    submissionId: row["submission_id"] as string | null,
    candidate: JSON.parse(row["candidate"] as string) as RunRow["candidate"],
    source: JSON.parse(row["source"] as string) as RunRow["source"],
    priority: row["priority"] as number,
    state: row["state"] as RunRow["state"],
    verdict: row["verdict"] as RunRow["verdict"],
    reason: row["reason"] as string,
    submittedAtMs: row["submitted_at"] as number,
    startedAtMs: row["started_at"] as number | null,
    finishedAtMs: row["finished_at"] as number | null,
    changedId: row["changed_id"] as number,
    pinnedAtMs: row["pinned_at"] as number | null,
    expired: readExpiry(row),
    selfComparisonOf: row["self_comparison_of"] as number | null,
  };
}

function readExpiry(row: Columns): RunRow["expired"] {
  const atMs = row["expired_at"] as number | null;
  if (atMs === null) return null;
  return { atMs, rule: row["expired_rule"] as string };
}

export function readJob(row: Columns): JobRow {
  return {
    run: row["run"] as number,
    job: row["job"] as number,
    kind: row["kind"] as JobRow["kind"],
    state: row["state"] as JobRow["state"],
    outcome: row["outcome"] as JobRow["outcome"],
    summary: row["summary"] as string,
    attempts: row["attempts"] as number,
    retriesLeft: row["retries_left"] as number,
    replaysLeft: row["replays_left"] as number,
    avoid: JSON.parse(row["avoid"] as string) as JobRow["avoid"],
    agentId: row["agent_id"] as string | null,
    pythonVersion: row["python_version"] as string,
    readyAtMs: row["ready_at"] as number | null,
    startedAtMs: row["started_at"] as number | null,
    finishedAtMs: row["finished_at"] as number | null,
    changedId: row["changed_id"] as number,
    reusedFrom: readReusedFrom(row),
    tests: row["tests"] === null ? null : (JSON.parse(row["tests"] as string) as JobRow["tests"]),
  };
}

function readReusedFrom(row: Columns): JobRow["reusedFrom"] {
  if (row["reused_run"] === null) return null;
  return {
    run: row["reused_run"] as number,
    job: row["reused_job"] as number,
    attempt: row["reused_attempt"] as number,
    name: row["reused_name"] as string,
  };
}

/** A passed build with the artifacts of the attempt that made its wheel. */
export function readPassedBuild(row: Columns): PassedBuild | null {
  const artifacts = JSON.parse(row["artifacts"] as string) as AttemptRow["artifacts"];
  const wheel = artifacts.find(({ role }) => role === "wheel")?.blob;
  if (!wheel) return null;
  const from = {
    run: row["run"] as number,
    job: row["job"] as number,
    attempt: row["attempt"] as number,
    name: row["name"] as string,
  };
  return { key: row["key"] as string, from, wheel, pythonVersion: row["python_version"] as string };
}

export function readAttempt(row: Columns): AttemptRow {
  return {
    run: row["run"] as number,
    job: row["job"] as number,
    attempt: row["attempt"] as number,
    agentId: row["agent_id"] as string,
    devices: JSON.parse(row["devices"] as string) as AttemptRow["devices"],
    unhealthy: row["unhealthy"] as string,
    state: row["state"] as AttemptRow["state"],
    outcome: row["outcome"] as AttemptRow["outcome"],
    summary: row["summary"] as string,
    excerpt: row["excerpt"] as string,
    pythonVersion: row["python_version"] as string,
    assignedAtMs: row["assigned_at"] as number,
    startedAtMs: row["started_at"] as number | null,
    finishedAtMs: row["finished_at"] as number | null,
    ackedSeq: row["acked_seq"] as number,
    logBytes: row["log_bytes"] as number,
    logBytesDropped: row["log_bytes_dropped"] as number,
    steps: JSON.parse(row["steps"] as string) as AttemptRow["steps"],
    artifacts: JSON.parse(row["artifacts"] as string) as AttemptRow["artifacts"],
    reports: JSON.parse(row["reports"] as string) as AttemptRow["reports"],
  };
}

export function readAgent(row: Columns): AgentRow {
  return {
    agentId: row["agent_id"] as string,
    sessionId: row["session_id"] as string,
    name: row["name"] as string,
    version: row["version"] as string,
    slots: row["slots"] as number,
    executors: JSON.parse(row["executors"] as string) as AgentRow["executors"],
    kinds: JSON.parse(row["kinds"] as string) as AgentRow["kinds"],
    installsTorch: row["installs_torch"] === 1,
    labels: JSON.parse(row["labels"] as string) as AgentRow["labels"],
    ephemeral: row["ephemeral"] === 1,
    hostId: row["host_id"] as string,
    inventory: JSON.parse(row["inventory"] as string) as AgentRow["inventory"],
    registeredAtMs: row["registered_at"] as number,
  };
}

export function readHealthReport(row: Columns): HealthReportRow {
  return {
    agentId: row["agent_id"] as string,
    receivedAtMs: row["received_at"] as number,
    report: JSON.parse(row["report"] as string) as HealthReportRow["report"],
  };
}

export function readDevice(row: Columns): DeviceRow {
  return {
    host: row["host"] as string,
    uuid: row["uuid"] as string,
    health: JSON.parse(row["health"] as string) as DeviceRow["health"],
  };
}
