import type { Plan, PlannedJob } from "@kiln/matrix";
import type { FarmState, LiveAgent } from "./farm-state.ts";
import { poolOf } from "./live-job.ts";
import { ReadyQueue } from "./ready-queue.ts";
import type { AgentRow, RunRow } from "./rows.ts";

// Builders of domain values for tests.

const LIMITS = { timeoutMs: 60_000, logBytesMax: 1_000_000 };

/** A plan with a build and a test per cell. */
export function twoStepPlan(pythons: readonly string[], infrastructureRetries = 2): Plan {
  const platform = "linux-x86_64";
  const cells = pythons.map((python) => ({
    name: `cp${python.replace(".", "")}-${platform}`,
    axes: { os: platform, python },
  }));
  const jobs = cells.flatMap(({ name: cell, axes: { python } }): PlannedJob[] => {
    const base = { cell, platform, python, env: {}, limits: LIMITS };
    const build = `build-${cell}`;
    return [
      { ...base, kind: "build", name: build, key: build, needs: [], configSettings: {} },
      {
        ...base,
        kind: "test",
        name: `test-${cell}`,
        key: `test-${cell}`,
        needs: [build],
        wheelOf: build,
        extras: [],
        requires: [],
        command: null,
        files: [],
      },
    ];
  });
  return { candidate: { name: "demo", version: "1.0" }, cells, excluded: [], jobs, infrastructureRetries };
}

export function runRow(run: number): RunRow {
  return {
    run,
    submissionId: null,
    candidate: { name: "demo", version: "1.0", requiresPython: null, factsFrom: "PKG-INFO", origin: "demo-1.0.tar.gz" },
    source: { sha256: "0".repeat(64), sizeBytes: 1, filename: "demo-1.0.tar.gz" },
    state: "queued",
    verdict: null,
    reason: "",
    submittedAtMs: 0,
    startedAtMs: null,
    finishedAtMs: null,
    changedId: 0,
  };
}

export function agentRow(agentId: string, slots: number, pythons: readonly string[]): AgentRow {
  const platform = "linux-x86_64";
  return {
    agentId,
    sessionId: "s1",
    name: agentId,
    version: "0.1.0",
    slots,
    executors: ["dummy"],
    inventory: {
      os: "linux",
      arch: "x86_64",
      osTitle: "a Linux",
      libc: "glibc 2.36",
      kernel: "6.1",
      cpuModel: "a CPU",
      cpuCores: 2,
      memoryBytes: 1,
      diskFreeBytes: 1,
      pythons: pythons.map((feature) => ({ feature, version: `${feature}.1`, path: "/p", foundBy: "path", platform })),
      problems: [],
    },
    registeredAtMs: 0,
  };
}

export function liveAgent(agentId: string, slots: number, pythons: readonly string[]): LiveAgent {
  const row = agentRow(agentId, slots, pythons);
  const pools = new Set(pythons.map((python) => poolOf("linux-x86_64", python)));
  return { row, pools, busy: 0, lastSeenMs: 0, presence: "online", diskFreeBytes: 1 };
}

export function emptyFarm(agents: readonly LiveAgent[]): FarmState {
  return {
    runs: new Map(),
    agents: new Map(agents.map((agent) => [agent.row.agentId, agent])),
    attempts: new Map(),
    ready: new ReadyQueue(),
    lastRun: 0,
    lastChangedId: 0,
  };
}
