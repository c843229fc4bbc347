import { readFileSync } from "node:fs";

/** Resident memory of a process in MB (10^6 bytes), or null where /proc does not say. */
export function residentMb(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+([0-9]+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? null : (Number(kib) * 1024) / 1e6;
  } catch {
    return null;
  }
}
