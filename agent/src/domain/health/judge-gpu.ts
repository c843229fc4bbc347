import { formatBytes } from "../units.ts";
import type { SmiGpu } from "../gpu/smi-log.ts";
import type { HealthCheck } from "./health-check.ts";
import type { HealthMemory } from "./health-memory.ts";
import { isOfProgram, pciKey, type Xid } from "./xid.ts";

/** What a driver and what draws the screen use of an idle GPU, at most. */
const IDLE_BYTES_MAX = 1024 ** 3;
const RESET = "drain the agent, reset the GPU (`nvidia-smi --gpu-reset`) or restart the machine";
const LINES_SHOWN = 3;

/** Whether the driver still has the GPU, and wants nothing done to it. */
export function judgeDriver(device: string, gpu: SmiGpu | undefined): HealthCheck {
  const check = (status: HealthCheck["status"], detail: string) =>
    ({ name: "driver", device, status, detail }) as const;
  if (!gpu) return check("failed", `nvidia-smi does not list it any more: ${RESET}, and look at \`dmesg | grep NVRM\``);
  if (gpu.sick !== "") return check("failed", `the driver says ${gpu.sick}: ${RESET}`);
  if (gpu.wants !== "") return check("failed", `the driver wants to have it done: ${gpu.wants}; ${RESET}`);
  return check("ok", "the driver has it, and wants nothing done");
}

/** Errors of memory that were counted since the last look, and memory that could not be repaired. */
export function judgeEcc(device: string, gpu: SmiGpu, memory: HealthMemory): HealthCheck {
  const check = (status: HealthCheck["status"], detail: string) => ({ name: "ecc", device, status, detail }) as const;
  if (gpu.isRemapFailed)
    return check("failed", "a broken row of its memory could not be replaced: have the GPU replaced");
  const { corrected, uncorrected } = gpu.eccVolatile;
  const before = memory.ecc[gpu.uuid];
  const risen = rise(before?.uncorrected, uncorrected);
  if (risen > 0) {
    return before
      ? check("failed", `${risen} uncorrectable memory errors since the last look: ${RESET}`)
      : check("warning", `${risen} uncorrectable memory errors since its driver was loaded, before anybody looked`);
  }
  if (gpu.isRepairPending) return check("warning", `memory is to be replaced at the next reset: ${RESET}`);
  const repaired = rise(before?.corrected, corrected);
  if (repaired > 0) return check("warning", `${repaired} memory errors were corrected since the last look`);
  if (corrected === null && uncorrected === null) {
    return check("not-run", gpu.eccMode === "disabled" ? "ECC is off" : "the driver counts no memory errors of it");
  }
  return check("ok", "no new memory errors");
}

/** A counter that is lower than before began anew, with its driver. */
function rise(before: number | undefined, now: number | null): number {
  if (now === null) return 0;
  return before === undefined || now < before ? now : now - before;
}

/** New Xid errors of the GPU. `xids` is null when the kernel's log could not be read, for the reason given. */
export function judgeXids(
  device: string,
  gpu: SmiGpu,
  found: { readonly xids: readonly Xid[] | null; readonly reason: string },
  memory: HealthMemory,
): HealthCheck {
  const check = (status: HealthCheck["status"], detail: string) => ({ name: "xid", device, status, detail }) as const;
  if (found.xids === null) return check("not-run", found.reason);
  const known = new Set(memory.xidLines ?? []);
  const fresh = found.xids.filter(({ pci, line }) => pci === pciKey(gpu.pciBusId) && !known.has(line));
  if (fresh.length === 0) return check("ok", "no new Xid errors in the kernel's log");
  const bad = fresh.filter((xid) => !isOfProgram(xid));
  const shown = (bad.length > 0 ? bad : fresh)
    .slice(-LINES_SHOWN)
    .map(({ line }) => line)
    .join(" | ");
  if (bad.length === 0) return check("warning", `a program made the driver report: ${shown}`);
  if (memory.xidLines === null) return check("warning", `since the machine started, before anybody looked: ${shown}`);
  return check("failed", `the driver has reported: ${shown}; ${RESET}`);
}

/** What holds its clocks down. */
export function judgeSlowdown(device: string, gpu: SmiGpu): HealthCheck {
  const at = gpu.temperatureCelsius === null ? "" : ` at ${gpu.temperatureCelsius} °C`;
  return gpu.slowdowns.length === 0
    ? { name: "slowdown", device, status: "ok", detail: `its clocks are not held down${at}` }
    : {
        name: "slowdown",
        device,
        status: "warning",
        detail: `its clocks are held down${at} (${gpu.slowdowns.join(", ")}): look at its cooling and power`,
      };
}

/** A process that computes on the GPU, and whose it is. */
export interface DeviceProcess {
  readonly pid: number;
  readonly name: string;
  /** "killed": it was left by a job of this agent that had ended. */
  readonly owner: "running-job" | "killed" | "other-agent" | "unknown";
}

export function judgeProcesses(device: string, processes: readonly DeviceProcess[]): HealthCheck {
  const name = "leftover-processes";
  const killed = processes.filter(({ owner }) => owner === "killed");
  const others = processes.filter(({ owner }) => owner === "unknown" || owner === "other-agent");
  const list = (some: readonly DeviceProcess[]) =>
    some.map(({ pid, name: program }) => `${pid} (${program})`).join(", ");
  const parts = [
    ...(killed.length > 0 ? [`left by jobs that have ended, and killed: ${list(killed)}`] : []),
    ...(others.length > 0
      ? [`not of this agent's jobs: ${list(others)}; they share the GPU with what runs on it`]
      : []),
  ];
  return parts.length === 0
    ? { name, device, status: "ok", detail: "no processes but those of running jobs" }
    : { name, device, status: "warning", detail: parts.join("; ").slice(0, 1_000) };
}

/** Memory that is taken though nobody is seen to hold it. */
export function judgeMemory(device: string, gpu: SmiGpu): HealthCheck {
  const name = "leftover-memory";
  const used = gpu.memoryUsedBytes;
  if (used === null) return { name, device, status: "not-run", detail: "the driver does not say what is used of it" };
  const held = gpu.processes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const unseen = used - held;
  if (unseen <= IDLE_BYTES_MAX) return { name, device, status: "ok", detail: `${formatBytes(used)} in use` };
  const detail =
    `${formatBytes(unseen)} are in use and no process is seen to hold them: another container or user has them, ` +
    `or a program that was killed left them (then ${RESET})`;
  return { name, device, status: "warning", detail };
}
