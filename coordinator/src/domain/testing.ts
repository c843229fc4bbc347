import type { Actor } from "./audit.ts";
import type { JobKind, Plan, PlannedJob, PlannedWheel, Requirement } from "@kiln/matrix";
import { NEW_STANDING } from "./agent-standing.ts";
import { newFarm, type FarmLimits, type FarmState } from "./farm-state.ts";
import { hostKeyOf, newLiveAgent, type LiveAgent } from "./live-agent.ts";
import { newHost } from "./live-host.ts";
import type { AgentRow, Blob, GpuRow, RunRow } from "./rows.ts";
import type { TakenResult } from "./taken-result.ts";
import type { Readings } from "./readings.ts";

// Builders of domain values for tests.

const LIMITS = { timeoutMs: 60_000, logBytesMax: 1_000_000 };

/** A plan with a build and a test per cell. */
export function twoStepPlan(pythons: readonly string[], infrastructureRetries = 2): Plan {
  const cells = pythons.map((python) => ({
    name: `cp${python.replace(".", "")}-${PLATFORM}`,
    axes: { os: PLATFORM, python },
    touchstone: false,
    unknown: [],
    overridden: [],
  }));
  const jobs = cells.flatMap(({ name: cell, axes: { python } }): PlannedJob[] => {
    const base = { cell, touchstone: false, env: {}, secrets: [], limits: LIMITS, container: null };
    const build = `build-${cell}`;
    return [
      {
        ...base,
        kind: "build",
        name: build,
        key: build,
        needs: [],
        requirement: requirementOf("build", python),
        configSettings: {},
        frontend: "pip",
        checkReproducible: false,
        wheel: NATIVE_WHEEL,
      },
      {
        ...base,
        kind: "test",
        name: `test-${cell}`,
        key: `test-${cell}`,
        needs: [build],
        requirement: requirementOf("test", python),
        wheelOf: build,
        torch: null,
        extras: [],
        requires: [],
        command: null,
        files: [],
        repeatFailed: 0,
      },
    ];
  });
  return {
    candidate: { name: "demo", version: "1.0" },
    release: "minor",
    reduction: { kind: "full" },
    axes: [
      { name: "python", values: pythons, resolved: {} },
      { name: "os", values: [PLATFORM], resolved: {} },
    ],
    cells,
    excluded: [],
    reduced: [],
    jobs,
    buildsBeforeFolding: cells.length,
    infrastructureRetries,
    dataVersion: "2026-01-01",
  };
}

/** What a job of a plain cell needs. */
function requirementOf(kind: JobKind, python: string): Requirement {
  return { kind, platform: PLATFORM, os: null, python, torch: false, cudaToolkit: null, gpu: null, container: false };
}

const PLATFORM = "linux-x86_64";
const NATIVE_WHEEL: PlannedWheel = {
  kind: "native",
  torch: null,
  index: null,
  localVersion: null,
  cxx11Abi: null,
  archList: [],
  policy: null,
};

/** What `job` of an earlier run found out. */
export function takenResult(run: number, job: number, wheel: Blob | null = null): TakenResult {
  const from = { run, job, attempt: 1, name: `job-${job}` };
  return { from, wheel, pythonVersion: "3.12.1", tests: null };
}

export function runRow(run: number, priority = 0): RunRow {
  return {
    run,
    priority,
    submissionId: null,
    candidate: {
      name: "demo",
      version: "1.0",
      requiresPython: null,
      requiresDist: null,
      factsFrom: "PKG-INFO",
      origin: "demo-1.0.tar.gz",
    },
    source: { sha256: "0".repeat(64), sizeBytes: 1, filename: "demo-1.0.tar.gz" },
    state: "queued",
    verdict: null,
    reason: "",
    submittedAtMs: 0,
    startedAtMs: null,
    finishedAtMs: null,
    changedId: 0,
    pinnedAtMs: null,
    expired: null,
    selfComparisonOf: null,
  };
}

export function agentRow(agentId: string, slots: number, pythons: readonly string[]): AgentRow {
  const platform = PLATFORM;
  return {
    agentId,
    sessionId: "s1",
    name: agentId,
    version: "0.1.0",
    slots,
    executors: ["dummy"],
    kinds: ["build", "test", "check", "scan"],
    installsTorch: false,
    labels: {},
    ephemeral: false,
    hostId: "",
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
      osRelease: "debian-12",
      gpus: [],
      cudaToolkits: [],
      problems: [],
    },
    registeredAtMs: 0,
  };
}

export function gpuRow(uuid: string, model = "NVIDIA H100 80GB HBM3", computeCapability = "9.0"): GpuRow {
  return {
    uuid,
    model,
    computeCapability,
    memoryBytes: 80 * 1024 ** 3,
    driver: "580.65.06",
    cudaDriver: "13.0",
    cudaMinorCompatible: "13",
    migMode: "",
    migSlices: [],
    eccMode: "",
    eccCorrected: null,
    eccUncorrected: null,
    smClockMaxMhz: null,
    memoryClockMaxMhz: null,
    powerLimitWatts: null,
    clocksLockable: { answer: "unknown", detail: "" },
    countersReadable: { answer: "unknown", detail: "" },
    processes: [],
    pciBusId: "",
  };
}

export function liveAgent(agentId: string, slots: number, pythons: readonly string[]): LiveAgent {
  return liveAgentOf(agentRow(agentId, slots, pythons));
}

export function liveAgentOf(row: AgentRow): LiveAgent {
  return newLiveAgent(row, NEW_STANDING, newHost(hostKeyOf(row)), { presence: "online", nowMs: 0 });
}

export function emptyFarm(agents: readonly LiveAgent[], limits?: FarmLimits): FarmState {
  const farm = newFarm(limits);
  for (const agent of agents) addAgent(farm, agent);
  return farm;
}

/** Agents of one machine share what is known of it. */
export function addAgent(farm: FarmState, agent: LiveAgent): LiveAgent {
  const host = farm.hosts.get(agent.host.key) ?? agent.host;
  const added = host === agent.host ? agent : { ...agent, host };
  farm.hosts.set(host.key, host);
  farm.agents.set(agent.row.agentId, added);
  farm.agentsRevision += 1;
  return added;
}

/** Who acts in tests. */
export const TESTER: Actor = { who: "token:tester", from: "127.0.0.1" };
/** Of an agent whose system says nothing. */
export const NO_READINGS: Readings = {
  cpuPressure: null,
  memoryPressure: null,
  ioPressure: null,
  memoryAvailableBytes: null,
  gpus: [],
};
