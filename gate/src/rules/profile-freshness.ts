import { compareProfiles } from "../profiles/compare-profiles.ts";
import type { KernelProfile } from "../profiles/kernel.ts";
import type { Evidence } from "../verdict.ts";
import { CANDIDATE } from "./case-facts.ts";
import type { ProfileFact } from "./gate-facts.ts";
import { decide, finding, rule, statement } from "./rule.ts";

const kernel = (registers: number): KernelProfile => ({
  id: "0",
  kernel: "gemm(float*)",
  block: "(256, 1, 1)",
  grid: "(2, 25, 1)",
  device: "0",
  computeCapability: "9.0",
  metrics: new Map([["launch__registers_per_thread", { value: registers, unit: "register/thread" }]]),
  missing: new Map(),
});
const PROFILE: ProfileFact = {
  cell: "cp312-linux-x86_64",
  commit: CANDIDATE.commit,
  candidate: [kernel(57)],
  baseline: [kernel(57)],
};
const CHANGED = { candidate: CANDIDATE, changedKernelSources: ["src/gemm.cu"] };

/**
 * G24: where kernel sources changed, the profile is of this commit, and counters
 * that hardly vary did not get worse. Where nobody knows what changed, the
 * profile has to hold all the same.
 */
export const profileFreshness = rule({
  id: "G24",
  name: "profile-freshness",
  needs: ["candidate", "profiles"],
  uses: ["changedKernelSources"],
  defaults: {},
  judge: ({ candidate, changedKernelSources, profiles }) => {
    if (profiles.length === 0 && !changedKernelSources)
      return finding("not-run", "there is no profile, and which kernel sources changed is not known");
    if (changedKernelSources?.length === 0) return finding("pass", "no kernel source changed since the last release");
    if (profiles.length === 0 && changedKernelSources) {
      const evidence = changedKernelSources.map((file) => ({
        kind: "file" as const,
        file,
        line: null,
        text: "changed",
      }));
      return finding(
        "fail",
        `${changedKernelSources.length} kernel sources changed, and there is no profile`,
        evidence,
      );
    }
    const problems: Evidence[] = [];
    const doubts: Evidence[] = [];
    const evidence: Evidence[] = [];
    for (const { cell, commit, isOfCandidate = false, candidate: own, baseline } of profiles) {
      if (!isOfCandidate && (commit === null || candidate.commit === null))
        doubts.push(statement(`${cell}: the commit of the profile is not known`));
      else if (!isOfCandidate && commit !== candidate.commit)
        problems.push(
          statement(
            `${cell}: the profile is of ${commit?.slice(0, 12)}, the candidate is ${candidate.commit?.slice(0, 12)}`,
          ),
        );
      if (own.length === 0) doubts.push(statement(`${cell}: no kernel was profiled`));
      if (!baseline) {
        doubts.push(statement(`${cell}: the baseline has no profile to compare with`));
        continue;
      }
      const { changes, incomparable, compared, binaries } = compareProfiles(own, baseline);
      for (const [name, binary] of binaries) {
        if (binary === "unchanged") evidence.push(statement(`${cell}: ${name} has an unchanged binary`));
      }
      if (compared === 0) doubts.push(statement(`${cell}: no counter could be compared`));
      evidence.push(...incomparable.map((text) => statement(`${cell}: ${text}`)));
      for (const { kernel: name, metric, unit, before, after, hard, binary } of changes) {
        const rose = `${cell}: ${metric} of ${name} rose from ${before} to ${after} ${unit}`.trimEnd();
        const text = binary === "unknown" ? rose : `${rose} (${binary} binary)`;
        (hard ? problems : evidence).push({
          kind: "measured",
          what: `${metric} of ${name}`,
          value: after,
          unit,
          limit: `was ${before}`,
          text,
        });
      }
    }
    return decide(
      { problems, doubts, evidence },
      `profiles of ${profiles.length} cells are of this commit, and no counter got worse`,
    );
  },
  cases: {
    pass: { facts: { ...CHANGED, profiles: [PROFILE] }, options: {} },
    fail: { facts: { ...CHANGED, profiles: [{ ...PROFILE, candidate: [kernel(64)] }] }, options: {} },
    cannotTell: { facts: { ...CHANGED, profiles: [{ ...PROFILE, baseline: null }] }, options: {} },
  },
});
