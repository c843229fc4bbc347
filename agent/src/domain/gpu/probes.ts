import type { Probe } from "./gpu.ts";

/** What the agent's process may do. */
export interface Privilege {
  /** "linux", "macos" or "windows". */
  readonly os: string;
  /** root, or an administrator of Windows; null: it cannot be told. */
  readonly isRoot: boolean | null;
  /** It has CAP_SYS_ADMIN (capabilities(7)); always null outside Linux. */
  readonly hasSysAdmin: boolean | null;
}

const unknown = (detail: string): Probe => ({ answer: "unknown", detail });

/**
 * Whether clocks may be locked, judged by permission and by what the driver
 * lists: trying it would change the device. `nvidia-smi --lock-gpu-clocks` needs
 * root and a GPU of compute capability 7.0 or newer (`nvidia-smi --help`).
 */
export function judgeClocks(
  gpu: { readonly computeCapability: string; readonly listsClocks: boolean },
  { isRoot, os }: Privilege,
): Probe {
  const major = Number(gpu.computeCapability.split(".")[0] || Number.NaN);
  if (major < 7) return { answer: "no", detail: "GPUs before Volta (compute capability 7.0) cannot lock their clocks" };
  if (!gpu.listsClocks) return { answer: "no", detail: "the driver lists no clocks that this GPU can be set to" };
  if (isRoot === null) return unknown(`whether this process is an administrator of ${os} cannot be told`);
  return isRoot
    ? { answer: "yes", detail: "the agent is root, and the driver lists clocks; not tried, since that would set them" }
    : {
        answer: "no",
        detail:
          "only root may lock clocks: run the agent as root, or let its user run " +
          "`nvidia-smi --lock-gpu-clocks` and `--reset-gpu-clocks` by sudo",
      };
}

const COUNTERS_FIX =
  "let everybody read them: write `options nvidia NVreg_RestrictProfilingToAdminUsers=0` into " +
  "/etc/modprobe.d/nvidia-profiling.conf, run `update-initramfs -u` (or `dracut -f`), and restart the machine; " +
  "or give the agent CAP_SYS_ADMIN";

/**
 * Whether ncu may read performance counters, by permission alone: NVIDIA,
 * "ERR_NVGPUCTRPERM" (developer.nvidia.com/ERR_NVGPUCTRPERM). `params` is the text of
 * /proc/driver/nvidia/params, null where it cannot be read.
 */
export function judgeCounters(params: string | null, { os, isRoot, hasSysAdmin }: Privilege): Probe {
  if (os === "windows" && isRoot !== true) {
    return unknown(
      "not tried: in the NVIDIA Control Panel, under Developer, GPU performance counters must be allowed to all users",
    );
  }
  const adminOnly = /^RmProfilingAdminOnly:\s*(\d)/m.exec(params ?? "")?.[1];
  if (adminOnly === "0") return { answer: "yes", detail: "the driver lets every user read them" };
  if (hasSysAdmin === true) return { answer: "yes", detail: "the agent has CAP_SYS_ADMIN; not tried with ncu" };
  if (adminOnly === "1") return { answer: "no", detail: `only an administrator may read them: ${COUNTERS_FIX}` };
  return unknown("/proc/driver/nvidia/params does not say who may read them, and no ncu was there to try it");
}

/** What a run of ncu over a small kernel has shown. */
export function judgeNcu(output: string, failure: string): Probe {
  if (output.includes("ERR_NVGPUCTRPERM")) {
    return { answer: "no", detail: `ncu was refused (ERR_NVGPUCTRPERM): ${COUNTERS_FIX}` };
  }
  const value = /"sm__cycles_elapsed\.[a-z]+","[^"]*","([\d.,]+)"/.exec(output)?.[1];
  if (failure === "" && value !== undefined) {
    return { answer: "yes", detail: `ncu has read them: sm__cycles_elapsed.max was ${value}` };
  }
  const said = lastLine(output);
  const why = failure === "" ? "it gave no value of sm__cycles_elapsed" : failure;
  return unknown(`ncu could not be tried: ${why}${said === "" ? "" : `, and said: ${said}`}`);
}

function lastLine(output: string): string {
  return (output.trim().split(/\r?\n/).at(-1) ?? "").trim().slice(0, 300);
}
