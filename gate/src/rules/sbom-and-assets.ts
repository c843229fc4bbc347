import type { Evidence } from "../verdict.ts";
import { WHEEL } from "./case-facts.ts";
import type { SbomFact } from "./gate-facts.ts";
import { decide, rule, statement } from "./rule.ts";

const SBOM: SbomFact = { ...WHEEL, format: "CycloneDX", components: 7, inWheel: true };

interface AssetOptions {
  /** Names that have to be there; `*` stands for any text, `demo-*.tar.gz`. */
  readonly expected: readonly string[];
  /** Whether each wheel carries its own SBOM (PEP 770). */
  readonly inWheels: boolean;
}

const DEFAULTS: AssetOptions = { expected: [], inWheels: false };

const OPTIONS: AssetOptions = { expected: ["demo-*.whl"], inWheels: true };

/** G21: a CycloneDX SBOM with components is there, in each wheel when asked, and all expected assets are. */
export const sbomAndAssets = rule({
  id: "G21",
  name: "sbom-and-assets",
  needs: ["artifacts", "sboms"],
  defaults: DEFAULTS,
  judge: ({ artifacts, sboms }, { expected, inWheels }) => {
    const problems: Evidence[] = [];
    for (const name of expected) {
      if (!artifacts.some(({ file }) => fits(file, name))) problems.push(statement(`no asset is called ${name}`));
    }
    const usable = sboms.filter(({ format }) => format === "CycloneDX");
    if (usable.length === 0) problems.push(statement("there is no CycloneDX SBOM"));
    for (const { file, sha256 } of inWheels ? artifacts : []) {
      if (file.endsWith(".whl") && !usable.some((sbom) => sbom.inWheel && sbom.sha256 === sha256)) {
        problems.push({ kind: "artifact", file, sha256, text: `${file} carries no CycloneDX SBOM (PEP 770)` });
      }
    }
    const doubts: Evidence[] = usable.flatMap(({ file, sha256, components }) =>
      components === 0 ? [{ kind: "artifact", file, sha256, text: `the SBOM of ${file} lists no components` }] : [],
    );
    return decide(
      { problems, doubts },
      `${usable.length} SBOMs and all of ${expected.length} expected assets are there`,
    );
  },
  cases: {
    pass: { facts: { artifacts: [WHEEL], sboms: [SBOM] }, options: OPTIONS },
    fail: { facts: { artifacts: [WHEEL], sboms: [{ ...SBOM, inWheel: false }] }, options: OPTIONS },
    cannotTell: { facts: { artifacts: [WHEEL], sboms: [{ ...SBOM, components: 0 }] }, options: OPTIONS },
  },
});

/** In time linear in the name, however many stars there are: pieces are taken from the left. */
function fits(name: string, pattern: string): boolean {
  const pieces = pattern.split("*");
  const [first = "", ...rest] = pieces;
  if (rest.length === 0) return name === pattern;
  if (!name.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let at = first.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
