import { decide, finding, rule } from "./rule.ts";
import type { VersionPlace } from "./gate-facts.ts";
import { CANDIDATE } from "./case-facts.ts";

const place = (found: string | null): VersionPlace => ({
  place: "pyproject.toml: project.version",
  file: "pyproject.toml",
  line: found === null ? null : 3,
  found,
});

/** G01: every declared place holds the candidate's version; one without a match fails. */
export const versionConsistency = rule({
  id: "G01",
  name: "version-consistency",
  needs: ["candidate", "versionPlaces"],
  defaults: {},
  judge: ({ candidate, versionPlaces }) => {
    if (versionPlaces.length === 0) return finding("not-run", "no place of the version is declared");
    const problems = versionPlaces.flatMap(({ place, file, line, found }) => {
      if (found === candidate.version) return [];
      const text = found === null ? `${place} holds no version` : `${place} holds ${found}, not ${candidate.version}`;
      return [{ kind: "file" as const, file, line, text }];
    });
    const evidence = versionPlaces.map(({ file, line, place }) => ({ kind: "file" as const, file, line, text: place }));
    return decide({ problems, doubts: [], evidence }, `${versionPlaces.length} places hold ${candidate.version}`);
  },
  cases: {
    pass: { facts: { candidate: CANDIDATE, versionPlaces: [place("1.4.0")] }, options: {} },
    fail: { facts: { candidate: CANDIDATE, versionPlaces: [place("1.4.0"), place(null)] }, options: {} },
    cannotTell: { facts: { candidate: CANDIDATE, versionPlaces: [] }, options: {} },
  },
});
