import type { WheelWish } from "../job.ts";
import type { WheelMember, WheelReport } from "../report.ts";
import { formatBytes } from "../units.ts";
import { sortArchitectures } from "./fatbin.ts";
import type { BinaryFacts, DeviceCode } from "./binary-facts.ts";
import { checkDevice } from "./check-device.ts";
import { checkKind, type Findings, type MadeFor } from "./check-kind.ts";
import { checkPolicy } from "./check-policy.ts";
import { isExcluded } from "./excluded-libraries.ts";
import { newestGlibc, policyFor } from "./symbol-policy.ts";
import { isExtensionModule, isForeignRpath, isGrafted, isLibraryName } from "./wheel-files.ts";
import { tagText, wheelTags } from "./wheel-tags.ts";

/** From here on a wheel's size is worth a word: an index's default limit is 100 MB a file. */
const LARGE_BYTES = 100 * 1024 ** 2;

/** What was read out of a wheel. */
export interface WheelFacts {
  readonly filename: string;
  readonly sizeBytes: number;
  /** Its programs and libraries. */
  readonly binaries: readonly WheelBinary[];
  /** Files that begin as a binary and are none that can be understood. */
  readonly unreadable: readonly { readonly path: string; readonly message: string }[];
  /** Paths of files without a hash in RECORD. */
  readonly unhashed: readonly string[];
}

export interface WheelBinary {
  readonly path: string;
  readonly sizeBytes: number;
  readonly facts: BinaryFacts;
}

export type WheelFindings = Pick<
  WheelReport,
  | "tags"
  | "sizeBytes"
  | "policy"
  | "glibc"
  | "extensions"
  | "grafted"
  | "external"
  | "foreignRpaths"
  | "smArchitectures"
  | "ptxArchitectures"
> &
  Findings;

/** Compares what a wheel is with what was promised. `sizeMaxBytes` is the agent's limit. */
export function auditWheel(
  wheel: WheelFacts,
  wish: WheelWish | null,
  at: MadeFor,
  sizeMaxBytes: number,
): WheelFindings {
  const findings: Findings = { faults: [], remarks: [] };
  const tags = wheelTags(wheel.filename);
  const grafted = wheel.binaries.filter(({ path }) => isGrafted(path));
  const own = wheel.binaries.filter(({ path }) => !isGrafted(path));
  const extensions = own.filter(({ path }) => isExtensionModule(path));
  const device = deviceOf(own);
  const elf = wheel.binaries
    .filter(({ facts }) => facts.format === "elf" && facts.machines.some((one) => at.platform.endsWith(`-${one}`)))
    .map(({ path, facts }) => ({ path, symbolVersions: facts.symbolVersions }));

  const paths = { extensions: extensions.map(({ path }) => path), binaries: own.map(({ path }) => path) };
  checkKind(wish, { tags, ...paths }, at, findings);
  checkDevice(wish, { device, binaries: own.length }, findings);
  checkGrafted(wish, grafted, findings);
  checkPolicy(wish, tags, elf, findings);
  checkSize(wheel.sizeBytes, sizeMaxBytes, findings);
  checkReadable(wheel, extensions, at, findings);

  if (wheel.unhashed.length > 0) {
    findings.remarks.push(`its RECORD has no hash of ${wheel.unhashed.length} files, ${wheel.unhashed[0]} first`);
  }
  const symbols = elf.flatMap(({ symbolVersions }) => symbolVersions);
  const policy = policyFor(symbols);
  return {
    tags: tags.map(tagText),
    sizeBytes: wheel.sizeBytes,
    policy: policy === null ? null : `${policy}_${at.platform.slice(at.platform.indexOf("-") + 1)}`,
    glibc: newestGlibc(symbols),
    extensions: extensions.map(memberOf),
    grafted: grafted.map(memberOf),
    external: externalOf(wheel.binaries),
    foreignRpaths: wheel.binaries.flatMap(({ path, facts }) =>
      facts.rpaths.filter((entry) => isForeignRpath(path, entry)).map((entry) => `${path}: ${entry}`),
    ),
    smArchitectures: [...device.machineCode],
    ptxArchitectures: [...device.ptx],
    ...findings,
  };
}

/** Grafted libraries are not the candidate's: what they hold keeps no promise of its. */
function deviceOf(own: readonly WheelBinary[]): DeviceCode {
  return {
    machineCode: sortArchitectures(own.flatMap(({ facts }) => facts.device.machineCode)),
    ptx: sortArchitectures(own.flatMap(({ facts }) => facts.device.ptx)),
  };
}

function checkGrafted(wish: WheelWish | null, grafted: readonly WheelBinary[], { faults, remarks }: Findings): void {
  const copies = grafted.filter(({ path }) => isExcluded(path));
  if (copies.length === 0) return;
  const size = formatBytes(copies.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  const names = copies.slice(0, 5).map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
  const text = `${names.join(", ")}${copies.length > names.length ? ` and ${copies.length - names.length} more` : ""}`;
  if (wish && (wish.torch !== null || wish.cuda !== null)) {
    faults.push(`libraries of PyTorch or CUDA were copied into it: ${text} (${size})`);
  } else {
    remarks.push(
      `it holds copies of libraries of PyTorch or CUDA: ${text} (${size}); a matrix with cuda leaves them out`,
    );
  }
}

function checkSize(sizeBytes: number, sizeMaxBytes: number, { faults, remarks }: Findings): void {
  if (sizeBytes > sizeMaxBytes) {
    faults.push(`it has ${formatBytes(sizeBytes)}, more than the ${formatBytes(sizeMaxBytes)} that this agent takes`);
  } else if (sizeBytes > LARGE_BYTES) {
    remarks.push(`it has ${formatBytes(sizeBytes)}: package indexes take no more than 100 MB unless asked`);
  }
}

/** A file that the loader could not load either is a fault; others, such as test data, may be anything. */
function checkReadable(
  { unreadable }: WheelFacts,
  extensions: readonly WheelBinary[],
  at: MadeFor,
  { faults, remarks }: Findings,
): void {
  for (const { path, message } of unreadable) {
    if (isLibraryName(path)) faults.push(`${path} is damaged: ${message}`);
    else remarks.push(`${path} begins as a program and is none: ${message}`);
  }
  const machine = at.platform === "windows-x86_64" ? "amd64" : at.platform.slice(at.platform.indexOf("-") + 1);
  const other = extensions.find(({ facts }) => !facts.machines.includes(machine));
  if (other) faults.push(`${other.path} is for ${other.facts.machines.join(" and ")}, not for ${machine}`);
}

function memberOf({ path, sizeBytes }: WheelBinary): WheelMember {
  return { path, sizeBytes };
}

function externalOf(binaries: readonly WheelBinary[]): string[] {
  const brought = new Set(
    binaries.flatMap(({ path, facts }) => [baseName(path), ...(facts.soname === null ? [] : [baseName(facts.soname)])]),
  );
  const needed = binaries.flatMap(({ facts }) => facts.needed.map(baseName));
  return [...new Set(needed)].filter((name) => !brought.has(name)).sort();
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
