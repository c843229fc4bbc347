import { isCudaVersion } from "../known/cuda-value.ts";
import { localOf } from "../pep440/compare-versions.ts";
import type { WheelName } from "./wheel-name.ts";

/** What a wheel's name says of the CUDA and torch that it was built for; null where it says nothing. */
export interface FileVariant {
  /** `cpu`, "12.1", "12" (any 12.x) or "rocm6.0". */
  readonly cuda: string | null;
  /** "2.1" or "2.1.2". */
  readonly torch: string | null;
}

/**
 * Reads the local version, else the build tag, as projects write them: `cu118`,
 * `cu121torch2.1`, `pt21cu118`, `cu12torch2.6cxx11abiTRUE`, `rocm6.0`, `cpu`.
 */
export function fileVariant(wheel: Pick<WheelName, "version" | "build">): FileVariant {
  const text = localOf(wheel.version) ?? wheel.build?.text.toLowerCase() ?? "";
  return { cuda: cudaIn(text), torch: torchIn(text) };
}

function cudaIn(text: string): string | null {
  const [, digits, minor] = /(?<![a-z])cu(?:da)?(\d{2,4})(?:\.(\d+))?/.exec(text) ?? [];
  if (digits !== undefined) return cudaOf(digits, minor);
  const [, rocm] = /(?<![a-z])rocm(\d+(?:\.\d+)*)/.exec(text) ?? [];
  if (rocm !== undefined) return `rocm${rocm}`;
  return /(?<![a-z])cpu(?![a-z])/.test(text) ? "cpu" : null;
}

/** "118" → 11.8, "92" → 9.2, "12" → 12 and "12" with "1" → 12.1: CUDA 10 and later have two digits before the minor version. */
function cudaOf(digits: string, minor: string | undefined): string {
  const majorLength = digits.startsWith("1") ? 2 : 1;
  const [major, rest] = [digits.slice(0, majorLength), digits.slice(majorLength)];
  if (rest !== "") return `${major}.${Number(rest)}`;
  return minor === undefined ? major : `${major}.${Number(minor)}`;
}

function torchIn(text: string): string | null {
  const [, dotted] = /(?:torch|pt)(\d+\.\d+(?:\.\d+)?)/.exec(text) ?? [];
  if (dotted !== undefined) return dotted;
  const [, major, minor] = /(?:torch|pt)(\d)(\d{1,2})(?!\d)/.exec(text) ?? [];
  return major === undefined || minor === undefined ? null : `${major}.${Number(minor)}`;
}

/** Whether a file that names `named` is for a cell with CUDA `wanted`: "12" is for every 12.x. */
export function isForCuda(named: string, wanted: string): boolean {
  if (named === "cpu" || wanted === "cpu") return named === wanted;
  const versions = isCudaVersion(wanted) !== named.startsWith("rocm");
  return versions && agree(named.replace("rocm", ""), wanted.replace("rocm", ""));
}

/** Whether a file that names torch `named` is for a cell with torch `wanted`: "2.1" is for every 2.1.x. */
export function isForTorch(named: string, wanted: string): boolean {
  return agree(named, wanted);
}

/** As far as both say something. */
function agree(a: string, b: string): boolean {
  const [left, right] = [a.split("."), b.split(".")];
  return left.every((part, index) => right[index] === undefined || right[index] === part);
}
