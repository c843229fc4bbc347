import { compare, explain } from "@renovatebot/pep440";

/**
 * Order of two PEP 440 versions, negative when `a` is the older one; equal for
 * different spellings of one version, "1.0" and "1.0.0". Both must be valid.
 *
 * The public part is compared by @renovatebot/pep440. Local versions are compared
 * here: the library reads `1e5` and `0x1f`, which hashes of commits look like, as
 * numbers, and PEP 440 says that they are text and sort before every number.
 */
export function compareVersions(a: string, b: string): number {
  return compare(withoutLocal(a), withoutLocal(b)) || compareLocals(localOf(a), localOf(b));
}

/** The version without its local part: "1.0+cu118" → "1.0". */
export function withoutLocal(version: string): string {
  return version.split("+", 1)[0]?.trim() ?? "";
}

/** The normalised local part: "1.0+CU118-Torch2.1" → "cu118.torch2.1"; null when there is none. */
export function localOf(version: string): string | null {
  const [, local] = version.split("+", 2);
  if (local === undefined) return null;
  const segments = local.trim().toLowerCase().split(/[._-]/);
  return segments.map((segment) => (isNumber(segment) ? withoutZeros(segment) : segment)).join(".");
}

/** The normal form of a valid version (PEP 440, "Normalization"): "v1.0-RC1+CU118" → "1.0rc1+cu118". */
export function normalVersion(version: string): string {
  const local = localOf(version);
  const normal = explain(withoutLocal(version))?.public ?? version;
  return local === null ? normal : `${normal}+${local}`;
}

/** PEP 440, "Local version identifiers": segment by segment, numbers after text, the longer one after its beginning. */
function compareLocals(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  const [left, right] = [a.split("."), b.split(".")];
  for (const [index, segment] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareSegments(segment, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareSegments(a: string, b: string): number {
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? 1 : -1;
  // Numbers without leading zeros: the longer one is greater, whatever its size.
  if (isNumber(a) && a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

function isNumber(segment: string): boolean {
  return /^[0-9]+$/.test(segment);
}

function withoutZeros(digits: string): string {
  return digits.replace(/^0+(?=\d)/, "");
}
