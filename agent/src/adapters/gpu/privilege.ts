import { readFileSync } from "node:fs";
import type { Privilege } from "../../domain/gpu/probes.ts";

/** Bit of CAP_SYS_ADMIN (capabilities(7), linux/capability.h). */
const CAP_SYS_ADMIN = 21n;

/** What this process may do. */
export function readPrivilege(os: string): Privilege {
  const isRoot = process.geteuid ? process.geteuid() === 0 : null;
  return { os, isRoot, hasSysAdmin: os === "linux" ? sysAdmin() : null };
}

/** The driver's parameters; null where there is no such file, as on systems other than Linux. */
export function readDriverParams(): string | null {
  return readText("/proc/driver/nvidia/params");
}

function sysAdmin(): boolean | null {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(readText("/proc/self/status") ?? "")?.[1];
  return mask === undefined ? null : ((BigInt(`0x${mask}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
