import type { JobSummary, JobView, RunEvent, RunView } from "@kiln/proto";

/** 2026-01-01T00:00:00Z */
export const T0 = 1_767_225_600_000;

export function job(name: string, changes: Partial<JobSummary> = {}): JobSummary {
  const [kind = "build", ...cell] = name.split("-");
  return {
    name,
    kind: kind === "test" ? "test" : "build",
    cell: cell.join("-"),
    needs: kind === "test" ? [`build-${cell.join("-")}`] : [],
    state: kind === "test" ? "blocked" : "ready",
    outcome: null,
    summary: "",
    attempts: 0,
    agentName: null,
    pythonVersion: "",
    startedAtMs: null,
    finishedAtMs: null,
    reusedFrom: null,
    tests: null,
    ...changes,
  };
}

export function running(name: string, startedAfterMs: number, changes: Partial<JobSummary> = {}): JobSummary {
  return job(name, { state: "running", attempts: 1, agentName: "box", startedAtMs: T0 + startedAfterMs, ...changes });
}

export function finished(
  name: string,
  outcome: NonNullable<JobSummary["outcome"]>,
  times: readonly [startMs: number, endMs: number],
  changes: Partial<JobSummary> = {},
): JobSummary {
  return job(name, {
    state: "finished",
    outcome,
    attempts: 1,
    agentName: "box",
    startedAtMs: T0 + times[0],
    finishedAtMs: T0 + times[1],
    ...changes,
  });
}

/** A run of the jobs' cells, on Linux. */
export function runView(jobs: readonly JobSummary[], changes: Partial<RunView> = {}): RunView {
  const cells = [...new Set(jobs.map((each) => each.cell))];
  const counts = { total: jobs.length, waiting: 0, active: 0, passed: 0, failed: 0, notRun: 0 };
  for (const { state, outcome } of jobs) {
    if (outcome === "passed") counts.passed += 1;
    else if (outcome === "not-run" || outcome === "cancelled") counts.notRun += 1;
    else if (outcome !== null) counts.failed += 1;
    else if (state === "running" || state === "assigned") counts.active += 1;
    else counts.waiting += 1;
  }
  return {
    run: "r3",
    candidate: {
      name: "hello-native",
      version: "1.0.0",
      requiresPython: ">=3.9",
      factsFrom: "pyproject.toml [project]",
      origin: "examples/hello-native",
    },
    state: "running",
    verdict: null,
    reason: "",
    counts,
    priority: 0,
    submittedAtMs: T0,
    startedAtMs: T0 + 200,
    finishedAtMs: null,
    pinned: false,
    selfComparisonOf: null,
    bytesGone: null,
    source: { sha256: "0".repeat(64), sizeBytes: 1000, filename: "hello_native-1.0.0.tar.gz" },
    cells: cells.map((cell) => plannedCell(cell)),
    excluded: [],
    reduced: [],
    jobs: [...jobs],
    lastEventId: 10,
    expectedMs: null,
    ...changes,
  };
}

/** A planned cell of a name such as `cp312-linux-x86_64`, or with other axes. */
export function plannedCell(
  cell: string,
  axes: Readonly<Record<string, string>> = axesOf(cell),
): RunView["cells"][number] {
  return { cell, axes, touchstone: false, unknown: [], overridden: [] };
}

function axesOf(cell: string): Readonly<Record<string, string>> {
  return { os: cell.slice(cell.indexOf("-") + 1), python: pythonOf(cell) };
}

export function jobView(summary: JobSummary, changes: Partial<JobView["history"][number]> = {}): JobView {
  return {
    run: "r3",
    ...summary,
    history: [
      {
        attempt: 1,
        agentId: "box-1",
        agentName: "box",
        state: "finished",
        outcome: summary.outcome,
        summary: summary.summary,
        excerpt: "",
        pythonVersion: "3.12.1",
        assignedAtMs: T0,
        startedAtMs: summary.startedAtMs,
        finishedAtMs: summary.finishedAtMs,
        logBytes: 12_345,
        logBytesDropped: 0,
        steps: [],
        artifacts: [],
        reports: [],
        devices: { gpus: [], exclusive: false },
        unhealthy: "",
        ...changes,
      },
    ],
    reusedAttempt: null,
    reproduced: null,
    why: "",
  };
}

export function jobEvent(id: number, summary: JobSummary): RunEvent {
  return { type: "job", id, atMs: T0 + id * 1000, job: summary };
}

function pythonOf(cell: string): string {
  return cell.replace(/^cp(\d)(\d+t?)-.*$/, "$1.$2");
}
