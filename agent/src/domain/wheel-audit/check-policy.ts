import type { WheelWish } from "../job.ts";
import type { Findings } from "./check-kind.ts";
import { beyondPolicy, glibcOf } from "./symbol-policy.ts";
import type { WheelTag } from "./wheel-tags.ts";

/** An ELF file of the wheel. */
export interface ElfMember {
  readonly path: string;
  readonly symbolVersions: readonly string[];
}

/** Whether a Linux wheel runs on what its platform tags say, and these are what was promised (PEP 600). */
export function checkPolicy(
  wish: WheelWish | null,
  tags: readonly WheelTag[],
  members: readonly ElfMember[],
  { faults, remarks }: Findings,
): void {
  const claims = tags.map(({ platform }) => platform).filter((platform) => platform.startsWith("manylinux"));
  const oldest = claims.toSorted((a, b) => (glibcOf(a) ?? Infinity) - (glibcOf(b) ?? Infinity))[0];
  if (oldest !== undefined) {
    const lie = members.map((one) => tooNew(one, oldest)).find((text) => text !== null);
    if (lie !== undefined && lie !== null) faults.push(`it is tagged ${oldest}, and ${lie}`);
  }
  const asked = wish?.policy ?? null;
  const isLinux = tags.some(({ platform }) => platform.startsWith("linux_"));
  if (asked !== null && !keeps(asked, tags) && members.length > 0) {
    faults.push(`${asked} was promised, and it is tagged ${[...new Set(tags.map((tag) => tag.platform))].join(", ")}`);
  } else if (isLinux && members.length > 0) {
    remarks.push("its platform tag says nothing of the system that it needs: no index takes it");
  }
}

function keeps(asked: string, tags: readonly WheelTag[]): boolean {
  const wanted = glibcOf(asked);
  return tags.some(({ platform }) => {
    const has = glibcOf(platform);
    return wanted === null ? platform.startsWith(`${asked}_`) : has !== null && has <= wanted;
  });
}

/** A sentence on the first symbol of a file that a policy does not allow; null when it allows all. */
export function tooNew({ path, symbolVersions }: ElfMember, policy: string): string | null {
  const symbol = beyondPolicy(symbolVersions, policy);
  return symbol === null ? null : `${path} needs ${symbol}, which ${policy} does not allow`;
}
