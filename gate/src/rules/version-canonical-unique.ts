import { clean, compare, parse } from "@renovatebot/pep440";
import { CANDIDATE, WHEEL } from "./case-facts.ts";
import { decide, rule, statement } from "./rule.ts";

/** G02: normal form of PEP 440, higher than the last release, and no file of these names on the index. */
export const versionCanonicalUnique = rule({
  id: "G02",
  name: "version-canonical-unique",
  needs: ["candidate", "index", "artifacts"],
  defaults: {},
  judge: ({ candidate, index, artifacts }) => {
    const { version, lastRelease = null } = candidate;
    const normal = clean(version);
    const problems = [];
    if (normal === null) problems.push(statement(`"${version}" is no version by PEP 440`));
    else if (normal !== version)
      problems.push(statement(`"${version}" is written "${normal}" in normal form (PEP 440)`));
    // Local versions are refused by public indexes (PEP 440, "Local version identifiers").
    else if ((parse(version)?.local ?? null) !== null)
      problems.push(statement(`"${version}" has a local part, which an index refuses`));
    if (normal !== null && lastRelease !== null && compare(normal, lastRelease) <= 0) {
      problems.push(statement(`${version} is not higher than the last release, ${lastRelease}`));
    }
    const there = new Set(index.files);
    for (const { file, sha256 } of artifacts) {
      if (there.has(file))
        problems.push({ kind: "artifact" as const, file, sha256, text: `${file} is on ${index.index} already` });
    }
    const doubts = artifacts.length === 0 ? [statement("the candidate has no files to look for")] : [];
    return decide(
      { problems, doubts },
      `${version} is canonical, ${lastRelease === null ? "the first" : `higher than ${lastRelease}`}, and new on ${index.index}`,
    );
  },
  cases: {
    pass: { facts: { candidate: CANDIDATE, index: { index: "staging", files: [] }, artifacts: [WHEEL] }, options: {} },
    fail: {
      facts: {
        candidate: { ...CANDIDATE, version: "1.4.0-rc1" },
        index: { index: "staging", files: [] },
        artifacts: [WHEEL],
      },
      options: {},
    },
    cannotTell: { facts: { candidate: CANDIDATE, index: { index: "staging", files: [] }, artifacts: [] }, options: {} },
  },
});
