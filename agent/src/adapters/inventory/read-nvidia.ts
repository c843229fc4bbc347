import { minorCompatible } from "../../domain/gpu/cuda-of-driver.ts";
import type { Gpu, MigSlice } from "../../domain/gpu/gpu.ts";
import { judgeClocks, judgeCounters, type Privilege } from "../../domain/gpu/probes.ts";
import { parseSlices, type ListedSlice } from "../../domain/gpu/smi-list.ts";
import type { SmiGpu, SmiLog } from "../../domain/gpu/smi-log.ts";
import {
  CAPABILITY_QUERY,
  GPU_QUERY,
  parseCapabilities,
  parseGpus,
  queryArguments,
  type ListedGpu,
} from "../../domain/gpu/smi-query.ts";
import type { InventoryProblem } from "../../ports/inventory.ts";
import { readDriverParams, readPrivilege } from "../gpu/privilege.ts";
import { saidBy, Smi } from "../gpu/smi.ts";
import { attemptOfProcess } from "../system/attempt-of-process.ts";

const REPAIR =
  "jobs get no GPU that its driver does not describe: look at the kernel's log (`dmesg | grep NVRM`), " +
  "reset the GPU or restart the machine, and repair the driver if that does not help";

export interface NvidiaFacts {
  readonly gpus: readonly Gpu[];
  readonly problems: readonly InventoryProblem[];
}

/**
 * The NVIDIA GPUs of this machine. Without nvidia-smi there is no driver, and so
 * no GPU. A driver that hangs, fails or speaks of a lost GPU is a problem in
 * words; the GPUs that it does describe are there all the same.
 */
export async function readNvidia(env: NodeJS.ProcessEnv, os: string): Promise<NvidiaFacts> {
  const smi = Smi.find(env);
  if (!smi) return { gpus: [], problems: [] };
  const problems: InventoryProblem[] = [];
  const listing = await smi.ask(queryArguments(GPU_QUERY));
  const { gpus: listed, others } = parseGpus(listing.stdout);
  if (!listing.ok || others.length > 0 || listed.length === 0) {
    const says = listing.ok && others.length > 0 ? `it says ${JSON.stringify(others.join(" | "))}` : saidBy(listing);
    const what = listing.ok && others.length === 0 ? "it is there and finds no GPU" : says;
    problems.push({ subject: smi.program, message: `${what}. ${REPAIR}` });
  }
  if (listed.length === 0) return { gpus: [], problems };
  const [capabilities, log] = await Promise.all([smi.ask(queryArguments(CAPABILITY_QUERY)), smi.log()]);
  if (!log.ok) problems.push({ subject: smi.program, message: `${log.message}. What only it tells is not known` });
  const details = log.ok ? log.log : null;
  const slices = await readSlices(smi, details, problems);
  const capabilityOf = parseCapabilities(capabilities.stdout);
  const facts = { details, slices, privilege: readPrivilege(os), params: readDriverParams(), os };
  const gpus = listed.map((gpu) => describe(gpu, capabilityOf.get(gpu.uuid) ?? "", facts));
  for (const gpu of gpus) problems.push(...problemsOf(gpu, details));
  return { gpus, problems };
}

interface Facts {
  readonly details: SmiLog | null;
  readonly slices: readonly ListedSlice[];
  readonly privilege: Privilege;
  readonly params: string | null;
  readonly os: string;
}

function describe(listed: ListedGpu, computeCapability: string, facts: Facts): Gpu {
  const { details, privilege, params, os } = facts;
  const one = details?.gpus.find(({ uuid }) => uuid === listed.uuid);
  const cudaDriver = details?.cuda ?? "";
  return {
    ...listed,
    computeCapability,
    cudaDriver,
    cudaMinorCompatible: minorCompatible(listed.driver, cudaDriver, os),
    migMode: one?.migMode ?? "",
    migSlices: slicesOf(listed.uuid, one, facts.slices),
    eccMode: one?.eccMode ?? "",
    eccCorrected: one?.eccAggregate.corrected ?? null,
    eccUncorrected: one?.eccAggregate.uncorrected ?? null,
    smClockMaxMhz: one?.smClockMaxMhz ?? null,
    memoryClockMaxMhz: one?.memoryClockMaxMhz ?? null,
    powerLimitWatts: one?.powerLimitWatts ?? null,
    clocksLockable: judgeClocks({ computeCapability, listsClocks: one?.listsClocks ?? false }, privilege),
    countersReadable: judgeCounters(params, privilege),
    processes: (one?.processes ?? [])
      .filter(({ pid }) => attemptOfProcess(pid) === null)
      .map(({ pid, name, memoryBytes }) => ({ pid, name, memoryBytes })),
  };
}

function slicesOf(gpu: string, one: SmiGpu | undefined, slices: readonly ListedSlice[]): readonly MigSlice[] {
  return slices
    .filter((slice) => slice.gpu === gpu)
    .map(({ uuid, profile, index }) => ({ uuid, profile, memoryBytes: one?.migMemoryBytes.get(index) ?? 0 }));
}

/** Only `nvidia-smi -L` has the UUIDs of MIG devices. */
async function readSlices(
  smi: Smi,
  details: SmiLog | null,
  problems: InventoryProblem[],
): Promise<readonly ListedSlice[]> {
  if (!details?.gpus.some(({ migMode }) => migMode === "enabled")) return [];
  const result = await smi.ask(["-L"]);
  if (!result.ok) problems.push({ subject: smi.program, message: `-L: ${saidBy(result)}. MIG devices are not known` });
  return result.ok ? parseSlices(result.stdout) : [];
}

function problemsOf(gpu: Gpu, details: SmiLog | null): readonly InventoryProblem[] {
  const subject = `${gpu.model} ${gpu.uuid}`;
  const one = details?.gpus.find(({ uuid }) => uuid === gpu.uuid);
  const problems: InventoryProblem[] = [];
  if (gpu.computeCapability === "") {
    const message = `driver ${gpu.driver} does not say its compute capability, so no job that asks for one gets it: install driver 510 or newer`;
    problems.push({ subject, message });
  }
  if (one && one.sick !== "") problems.push({ subject, message: `the driver says ${one.sick}. ${REPAIR}` });
  if (gpu.migMode === "enabled" && gpu.migSlices.length === 0) {
    const message =
      "MIG is on, and there is no MIG device, so nothing can run on it: make some (`nvidia-smi mig -cgi PROFILE -C`), or turn MIG off";
    problems.push({ subject, message });
  }
  return problems;
}
