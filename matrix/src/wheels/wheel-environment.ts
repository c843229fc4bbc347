import { osTarget, type OsTarget } from "../known/os-target.ts";
import type { CellAxes } from "../plan/plan.ts";

/** What decides which wheels an installer takes. */
export interface WheelEnvironment {
  /** CPython, "3.12" or "3.13t". */
  readonly python: string;
  readonly system: WheelSystem;
}

export type WheelSystem =
  /** `version` of the C library, "2.35" or "1.2". */
  | { readonly kind: "glibc" | "musl"; readonly arch: string; readonly version: string }
  /** `version` of macOS, "14" or "10.15". */
  | { readonly kind: "macos"; readonly arch: "arm64" | "x86_64"; readonly version: string }
  | { readonly kind: "windows"; readonly arch: "x86_64" | "arm64" | "x86" };

/** Versions that stand for platforms of which a cell says no more than `linux-x86_64`. */
export interface GenericSystems {
  readonly glibc: string;
  readonly macos: string;
}

/**
 * glibc 2.28 is what the default image of current build tools makes wheels for
 * (manylinux_2_28: RHEL 8, Debian 10 and newer), macOS 14 what current PyTorch asks
 * for. A wheel that needs more leaves a hole on the generic platform: name the system
 * in the matrix where that is not what is meant.
 */
export const GENERIC_SYSTEMS: GenericSystems = { glibc: "2.28", macos: "14" };

/** PEP 656 tags say musl 1.2 for everything since Alpine 3.13. */
const MUSL = "1.2";

/** The environment of a cell by its os and python; null when Kiln does not know either. */
export function environmentOf(axes: CellAxes, generic: GenericSystems = GENERIC_SYSTEMS): WheelEnvironment | null {
  const target = osTarget(axes.os);
  if (target === null || pythonVersion(axes.python) === null) return null;
  const system = systemOf(target, generic);
  return system === null ? null : { python: axes.python, system };
}

function systemOf(target: OsTarget, generic: GenericSystems): WheelSystem | null {
  const [name = "", arch = ""] = target.platform.split("-", 2);
  if (name === "linux" && target.libc === "musl") return { kind: "musl", arch, version: MUSL };
  if (name === "linux") return { kind: "glibc", arch, version: target.glibc ?? generic.glibc };
  if (name === "windows" && (arch === "x86_64" || arch === "arm64")) return { kind: "windows", arch };
  if (name !== "macos" || (arch !== "arm64" && arch !== "x86_64")) return null;
  return { kind: "macos", arch, version: target.release ?? generic.macos };
}

/** "3.13t" → major 3, minor 13, free-threaded; null for what is no CPython 3. */
export function pythonVersion(python: string): { readonly minor: number; readonly freeThreaded: boolean } | null {
  const match = /^3\.(\d{1,3})(t?)$/.exec(python);
  return match ? { minor: Number(match[1]), freeThreaded: match[2] === "t" } : null;
}

/** For sentences: "CPython 3.12 on Linux x86_64 with glibc 2.35". */
export function environmentWords({ python, system }: WheelEnvironment): string {
  switch (system.kind) {
    case "glibc":
    case "musl":
      return `CPython ${python} on Linux ${system.arch} with ${system.kind} ${system.version}`;
    case "macos":
      return `CPython ${python} on macOS ${system.version} ${system.arch}`;
    case "windows":
      return `CPython ${python} on Windows ${system.arch}`;
  }
}
