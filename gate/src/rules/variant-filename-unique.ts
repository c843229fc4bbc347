import { count } from "../text/count.ts";
import type { Evidence } from "../verdict.ts";
import { WHEEL } from "./case-facts.ts";
import type { ArtifactFact } from "./gate-facts.ts";
import { decide, rule, statement } from "./rule.ts";

/** G17: no two cells yield one file name with different bytes: an index would keep one of them. Indexes of variants are apart. */
export const variantFilenameUnique = rule({
  id: "G17",
  name: "variant-filename-unique",
  needs: ["artifacts"],
  defaults: {},
  judge: ({ artifacts }) => {
    const names = new Map<string, ArtifactFact[]>();
    const problems: Evidence[] = [];
    for (const artifact of artifacts) {
      const { file, sha256, cell } = artifact;
      // Indexes compare names without regard to case.
      const same = names.get(file.toLowerCase()) ?? [];
      if (same.length === 0) names.set(file.toLowerCase(), same);
      if (!same.some((one) => one.sha256 === sha256 && one.index === artifact.index)) same.push(artifact);
      const known = same.find((one) => one.sha256 !== sha256 && meets(one, artifact));
      if (known) {
        const text = `${file} has other bytes in ${cell ?? "another build"} than in ${known.cell ?? "the first"}: give the variants a build tag or a local version`;
        problems.push({ kind: "artifact", file, sha256, text });
      }
    }
    const doubts = artifacts.length === 0 ? [statement("the candidate has no files")] : [];
    return decide({ problems, doubts }, `${count(names.size, "file name")}, one content each`);
  },
  cases: {
    pass: { facts: { artifacts: [WHEEL, { ...WHEEL, cell: "cp312-linux-x86_64-torch2.9" }] }, options: {} },
    fail: {
      facts: { artifacts: [WHEEL, { ...WHEEL, sha256: "2".repeat(64), cell: "cp312-linux-x86_64-torch2.9" }] },
      options: {},
    },
    cannotTell: { facts: { artifacts: [] }, options: {} },
  },
});

/** Whether some index has both. */
function meets(a: ArtifactFact, b: ArtifactFact): boolean {
  return a.index === undefined || b.index === undefined || a.index === b.index;
}
