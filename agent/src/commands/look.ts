import { mkdirSync } from "node:fs";
import { pino } from "pino";
import { findNcu, probeCounters } from "../adapters/gpu/probe-counters.ts";
import { lockHome } from "../adapters/disk/home-lock.ts";
import { MachineHealth } from "../adapters/health/machine-health.ts";
import type { Gpu } from "../domain/gpu/gpu.ts";
import type { HealthCheck } from "../domain/health/health-check.ts";
import type { Inventory } from "../ports/inventory.ts";

/** What a look at this machine found. */
export interface MachineLook {
  readonly inventory: Inventory;
  readonly checks: readonly HealthCheck[];
  /** Process of the agent that runs in this home; null: none does. */
  readonly runningPid: number | null;
}

/**
 * Looks at the machine's health by hand, beside a running agent or without one.
 * Nothing is killed and nothing is kept: what it finds, the agent finds again.
 * While an agent runs in this home nothing is started on the GPUs, which may be its jobs'.
 */
export async function lookAtMachine(seen: Inventory, folder: string, env: NodeJS.ProcessEnv): Promise<MachineLook> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const locked = lockHome(folder);
  using _ = locked.ok ? locked.lock : null;
  const inventory = () => seen;
  // No agent has this id: no process on a GPU is taken for its own.
  const options = { agentId: "", folder, inventory, env, healthPython: env["KILN_HEALTH_PYTHON"] || null };
  const health = new MachineHealth({ ...options, log: pino({ level: "silent" }) });
  const devices = health.devices();
  const busy = new Set(locked.ok ? [] : devices);
  const { signal } = new AbortController();
  const { checks } = await health.look({ moment: "asked", devices, busy, running: new Set(), signal });
  if (!locked.ok) return { inventory: seen, checks, runningPid: locked.pid };
  const gpus = await tryCounters(health, seen, env);
  return { inventory: { ...seen, gpus }, checks, runningPid: null };
}

async function tryCounters(health: MachineHealth, seen: Inventory, env: NodeJS.ProcessEnv): Promise<readonly Gpu[]> {
  const ncu = findNcu(env, seen.cudaToolkits);
  if (ncu === null) return seen.gpus;
  const tried: Gpu[] = [];
  for (const gpu of seen.gpus) {
    const program = await health.checkProgram(gpu);
    const device = gpu.migMode === "enabled" ? gpu.migSlices[0]?.uuid : gpu.uuid;
    const isPossible = program !== null && device !== undefined;
    tried.push(isPossible ? { ...gpu, countersReadable: await probeCounters(ncu, program, device, env) } : gpu);
  }
  return tried;
}
