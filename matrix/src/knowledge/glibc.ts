import { osTarget } from "../known/os-target.ts";
import type { Knowledge } from "./knowledge.ts";
import { compareNumbers } from "./number-order.ts";
import type { Answer, Rule } from "./judge.ts";
import { askLists, citeData } from "./torch-cell.ts";
import { torchWheelTag } from "./wheel-tag-of.ts";

/**
 * The oldest glibc on which a platform tag's wheel installs (PEP 600, and PEP 513,
 * 571 and 599 for its older names); of several tags the most modest counts. Null
 * for a tag that names none, `linux_x86_64`.
 */
export function glibcOfTag(knowledge: Knowledge, tag: string): string | null {
  const found = tag.split(".").flatMap((one) => {
    const pep600 = /^manylinux_(\d+)_(\d+)(?:_|$)/.exec(one);
    if (pep600) return [`${pep600[1]}.${pep600[2]}`];
    const alias = /^(manylinux\d+)(?:_|$)/.exec(one)?.[1];
    return knowledge.policies.find(({ aliases }) => alias !== undefined && aliases.includes(alias))?.glibc ?? [];
  });
  return found.toSorted(compareNumbers)[0] ?? null;
}

/** The C library of the distribution against the manylinux policy of PyTorch's wheel. */
export function glibcRule(knowledge: Knowledge): Rule {
  const rule = "glibc";
  return {
    name: rule,
    axes: ["torch", "cuda", "python", "os"],
    judge: ({ torch, cuda, python, os }): Answer => {
      const target = osTarget(os);
      const release = torch === undefined ? undefined : knowledge.torchByVersion.get(torch);
      if (!release || target === null || target.libc === null) return null;
      if (target.libc === "musl") {
        const reason = `PyTorch's wheels are made for glibc, and ${os} has musl`;
        return { answer: "impossible", rule, reason, source: `PEP 656; ${target.source}`, asOf: target.asOf };
      }
      const cell = { platform: target.platform, cuda: cuda ?? null, python };
      if (askLists(release, cell).kind === "not-listed") return null;
      const wheel = torchWheelTag(release, cell);
      if (wheel === null) {
        const reason = `no document that was read names the glibc that wheels of torch ${torch} for ${target.platform} need`;
        return { answer: "unknown", rule, reason, ...citeData(knowledge) };
      }
      const needed = glibcOfTag(knowledge, wheel.tag);
      if (needed === null) {
        const reason = `the wheel of torch ${torch} is tagged ${wheel.tag}, which names no glibc and installs on every Linux`;
        return { answer: "possible", rule, reason, ...wheel.citation };
      }
      return compareGlibc(
        rule,
        { os, glibc: target.glibc ?? "0", source: target.source, asOf: target.asOf },
        {
          what: `the wheel of torch ${torch}`,
          tag: wheel.tag,
          needed,
        },
      );
    },
  };
}

function compareGlibc(
  rule: string,
  system: { readonly os: string; readonly glibc: string; readonly source: string; readonly asOf: string },
  wheel: { readonly what: string; readonly tag: string; readonly needed: string },
): Answer {
  const fits = compareNumbers(system.glibc, wheel.needed) >= 0;
  const reason = `${system.os} has glibc ${system.glibc}, and ${wheel.what} (${wheel.tag}) needs ${wheel.needed}`;
  return { answer: fits ? "possible" : "impossible", rule, reason, source: system.source, asOf: system.asOf };
}

/**
 * Whether a wheel of a manylinux policy ("manylinux_2_28", "manylinux2014")
 * installs on the system of a value of the os axis; null where policies say
 * nothing: a platform alone, macOS, Windows. For policies of the candidate's own wheels.
 */
export function policyOnSystem(knowledge: Knowledge, policy: string, os: string): Answer {
  const rule = "glibc";
  const target = osTarget(os);
  if (target === null || target.libc === null) return null;
  const said = { rule, source: target.source, asOf: target.asOf };
  if (target.libc === "musl") {
    return { answer: "impossible", ...said, reason: `wheels of ${policy} are made for glibc, and ${os} has musl` };
  }
  const needed = glibcOfTag(knowledge, policy);
  if (needed === null)
    return { answer: "unknown", ...said, reason: `${policy} is no manylinux policy that Kiln's data knows` };
  return compareGlibc(
    rule,
    { os, glibc: target.glibc ?? "0", source: target.source, asOf: target.asOf },
    {
      what: "a wheel",
      tag: policy,
      needed,
    },
  );
}
