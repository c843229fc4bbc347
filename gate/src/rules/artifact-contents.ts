import { count } from "../text/count.ts";
import type { Evidence } from "../verdict.ts";
import { WHEEL } from "./case-facts.ts";
import type { ContentsFact } from "./gate-facts.ts";
import { decide, rule } from "./rule.ts";

const CONTENTS: ContentsFact = {
  ...WHEEL,
  recordProblems: [],
  topLevels: ["demo"],
  extensions: ["demo/_C.abi3.so"],
  entryPointsBroken: [],
  rebuildDifferences: [],
};

/** What every wheel has to hold. */
interface ContentsOptions {
  readonly topLevels: readonly string[];
  /** Beginnings of paths, `demo/_C`: tags follow in their names. */
  readonly extensions: readonly string[];
  /** Whether a wheel that was not built again from the sdist leaves a doubt. */
  readonly rebuild: "where-known" | "required";
}

const DEFAULTS: ContentsOptions = { topLevels: [], extensions: [], rebuild: "where-known" };

const OPTIONS: ContentsOptions = { topLevels: ["demo"], extensions: ["demo/_C"], rebuild: "required" };

/** G10: RECORD holds, top-levels and extension modules are there, entry points resolve, the sdist rebuilds to the same files. */
export const artifactContents = rule({
  id: "G10",
  name: "artifact-contents",
  needs: ["contents"],
  defaults: DEFAULTS,
  judge: ({ contents }, options) => {
    const problems: Evidence[] = [];
    const doubts: Evidence[] = [];
    for (const one of contents) {
      const about = (text: string) => ({
        kind: "artifact" as const,
        file: one.file,
        sha256: one.sha256,
        text: `${one.file}: ${text}`,
      });
      const list = (found: readonly string[] | null, bad: string, unknown: string): void => {
        if (found === null) doubts.push(about(unknown));
        else if (found.length > 0) problems.push(about(`${bad}: ${found.slice(0, 5).join(", ")}`));
      };
      list(one.recordProblems, "RECORD does not hold", "its RECORD was not checked");
      list(one.entryPointsBroken, "entry points do not resolve", "its entry points were not tried");
      if (one.rebuildDifferences !== null || options.rebuild === "required")
        list(one.rebuildDifferences, "the sdist rebuilds to other files", "it was not rebuilt from the sdist");
      if (!one.file.endsWith(".whl")) continue;
      for (const name of options.topLevels)
        if (!one.topLevels.includes(name)) problems.push(about(`has no top-level "${name}"`));
      for (const path of options.extensions) {
        if (!one.extensions.some((extension) => extension.startsWith(path)))
          problems.push(about(`has no extension module "${path}"`));
      }
    }
    if (contents.length === 0) doubts.push({ kind: "statement", text: "no file was looked into" });
    return decide({ problems, doubts }, `the contents of ${count(contents.length, "file")} are as expected`);
  },
  cases: {
    pass: { facts: { contents: [CONTENTS] }, options: OPTIONS },
    fail: { facts: { contents: [{ ...CONTENTS, extensions: [] }] }, options: OPTIONS },
    cannotTell: { facts: { contents: [{ ...CONTENTS, rebuildDifferences: null }] }, options: OPTIONS },
  },
});
