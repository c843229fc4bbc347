import { compareNumbers } from "../knowledge/number-order.ts";

/**
 * A value of the cuda axis as cells name it: `cpu`, a CUDA feature version "12.1",
 * or "rocm6.0". Reads `cu121`, "12.1.1", "CUDA 12.1", `CPU`, "ROCm 6.0" too; null for
 * what is none of these. Whether anybody has made such a CUDA is for the rules to say.
 */
export function cudaValue(text: string): string | null {
  const word = text.trim().toLowerCase();
  if (word === "cpu" || word === "none") return "cpu";
  const rocm = /^rocm[ -]?(\d{1,2}(?:\.\d{1,2}){1,2})$/.exec(word);
  if (rocm) return `rocm${rocm[1]}`;
  const cuda = /^(?:cuda[ -]?)?(\d{1,2}\.\d{1,2})(?:\.\d{1,3})?$/.exec(word) ?? undefined;
  if (cuda) return withoutZeros(cuda[1] ?? "");
  // cu92, cu121: the last digit is the minor version.
  const tag = /^cu(\d{1,2})(\d)$/.exec(word);
  return tag ? withoutZeros(`${tag[1]}.${tag[2]}`) : null;
}

function withoutZeros(version: string): string {
  return version.split(".").map(Number).join(".");
}

/** How indexes and local versions name a value of the cuda axis: "12.1" → `cu121`, `cpu`, "rocm6.0". */
export function cudaVariant(value: string): string {
  return isCudaVersion(value) ? `cu${value.replace(".", "")}` : value;
}

/** True for "12.1", false for `cpu` and "rocm6.0". */
export function isCudaVersion(value: string): boolean {
  return /^\d+\.\d+$/.test(value);
}

/** For sentences: "CUDA 12.1", "ROCm 6.0", "the CPU". */
export function cudaWords(value: string): string {
  if (value === "cpu") return "the CPU";
  return value.startsWith("rocm") ? `ROCm ${value.slice("rocm".length)}` : `CUDA ${value}`;
}

/** Order of plans: `cpu`, CUDA by version, ROCm by version, anything else by its text. */
export function compareCuda(a: string, b: string): number {
  const [rankA, versionA] = rank(a);
  const [rankB, versionB] = rank(b);
  return rankA - rankB || compareNumbers(versionA, versionB) || (a < b ? -1 : a > b ? 1 : 0);
}

function rank(value: string): readonly [rank: number, version: string] {
  if (value === "cpu") return [0, "0"];
  if (isCudaVersion(value)) return [1, value];
  return value.startsWith("rocm") ? [2, value.slice("rocm".length)] : [3, "0"];
}
