import { isBuiltFor } from "../../domain/gpu/cuda-of-driver.ts";
import type { Gpu, Probe } from "../../domain/gpu/gpu.ts";
import type { HealthCheck } from "../../domain/health/health-check.ts";
import { formatBytes } from "../../domain/units.ts";
import type { Inventory } from "../../ports/inventory.ts";
import type { Check } from "../checklist.ts";

/** The driver, the toolkits, and each GPU with what was found on it. */
export function gpuChecks(inventory: Inventory, health: readonly HealthCheck[]): readonly Check[] {
  const { gpus, cudaToolkits, problems } = inventory;
  const sick = problems.filter(({ subject }) => /nvidia-smi|GPU-|nvcc|machine-id/.test(subject));
  const trouble = sick.map(({ subject, message }): Check => {
    return {
      name: "driver",
      state: gpus.length === 0 ? "failed" : "warning",
      found: `${subject}: ${message}`,
      fix: "",
    };
  });
  const [first] = gpus;
  if (!first) {
    const none: Check = {
      name: "GPUs",
      state: "skipped",
      found: "no NVIDIA driver here (nvidia-smi is not on the path)",
      fix: "",
    };
    return [...(sick.length === 0 ? [none] : trouble), ...toolkitChecks(cudaToolkits, null)];
  }
  return [
    ...trouble,
    checkDriver(first),
    ...toolkitChecks(cudaToolkits, first),
    ...gpus.flatMap((gpu, index) => checksOf(gpu, index, health)),
  ];
}

function checkDriver({ driver, cudaDriver, cudaMinorCompatible }: Gpu): Check {
  const own = cudaDriver === "" ? "it does not say which CUDA it runs" : `runs CUDA up to ${cudaDriver}`;
  const minor = cudaMinorCompatible === "" ? "" : `, and any ${cudaMinorCompatible}.x by minor version compatibility`;
  const found = `${driver}: ${own}${minor}`;
  return { name: "driver", state: cudaDriver === "" ? "warning" : "ok", found, fix: "" };
}

function toolkitChecks(toolkits: Inventory["cudaToolkits"], gpu: Gpu | null): readonly Check[] {
  const name = "CUDA";
  if (toolkits.length === 0) {
    const found = "no toolkit with nvcc: builds with device code run in containers only";
    return [
      {
        name,
        state: gpu ? "warning" : "skipped",
        found,
        fix: gpu ? "Install a toolkit under /usr/local/cuda-VERSION." : "",
      },
    ];
  }
  return toolkits.map(({ version, path }): Check => {
    const found = `toolkit ${version} in ${path}`;
    if (!gpu || isBuiltFor(gpu, version)) return { name, state: "ok", found, fix: "" };
    const fix = `It builds all the same. To run what it builds here, install a driver for CUDA ${version}.`;
    return { name, state: "warning", found: `${found}: driver ${gpu.driver} does not run what it builds`, fix };
  });
}

function checksOf(gpu: Gpu, index: number, health: readonly HealthCheck[]): readonly Check[] {
  const name = `GPU ${index}`;
  const devices = new Set([gpu.uuid, ...gpu.migSlices.map(({ uuid }) => uuid)]);
  const looks = health.filter(({ device }) => devices.has(device));
  const capability = gpu.computeCapability === "" ? "" : `compute capability ${gpu.computeCapability}`;
  const facts = [gpu.model, capability, formatBytes(gpu.memoryBytes), powerOf(gpu), gpu.uuid];
  return [
    { name, state: "ok", found: facts.filter((fact) => fact !== "").join(", "), fix: "" },
    ...gpu.migSlices.map((slice): Check => {
      return {
        name,
        state: "ok",
        found: `MIG ${slice.profile}, ${formatBytes(slice.memoryBytes)}, ${slice.uuid}`,
        fix: "",
      };
    }),
    ...looks.map((check) => lookOf(name, gpu, check)),
    probeOf(name, "counters", gpu.countersReadable),
    probeOf(name, "clocks", gpu.clocksLockable),
  ];
}

function powerOf({ smClockMaxMhz, powerLimitWatts, eccMode }: Gpu): string {
  const parts = [
    smClockMaxMhz === null ? "" : `${smClockMaxMhz} MHz`,
    powerLimitWatts === null ? "" : `${powerLimitWatts} W`,
    eccMode === "" ? "" : `ECC ${eccMode === "enabled" ? "on" : "off"}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function lookOf(name: string, gpu: Gpu, { name: what, device, status, detail }: HealthCheck): Check {
  const state = status === "not-run" ? "skipped" : status;
  return { name, state, found: `${what}${device === gpu.uuid ? "" : ` of ${device}`}: ${detail}`, fix: "" };
}

/** Nothing that every job needs: what is missing is a warning. */
function probeOf(name: string, what: string, { answer, detail }: Probe): Check {
  const state = answer === "yes" ? "ok" : answer === "no" ? "warning" : "skipped";
  const words = what === "counters" ? "performance counters for ncu" : "locked clocks";
  return { name, state, found: `${words}: ${detail}`, fix: "" };
}
