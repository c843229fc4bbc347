import { readPolicy, type ReleasePolicy } from "@kiln/gate";
import { parseSpec, type ParsedSpec, type SpecProblem } from "@kiln/matrix";
import { CliError } from "../program/cli-error.ts";
import { count } from "../render/count.ts";

export type CheckedSpec = Extract<ParsedSpec, { ok: true }> & {
  /** By the type of release. */
  readonly policies: Readonly<Record<string, ReleasePolicy>>;
};

/** Reads a spec; throws a CliError that lists every mistake with its place. */
export function readSpec(source: { readonly text: string; readonly file: string }): CheckedSpec {
  const file = source.file === "" ? "kiln.yaml" : source.file;
  const parsed = parseSpec(source.text, file);
  let problems: readonly SpecProblem[];
  if (parsed.ok) {
    const { gates, waivers, profiles } = parsed.spec;
    const own = Object.fromEntries(Object.entries(profiles).map(([release, profile]) => [release, profile.gates]));
    const read = readPolicy({ gates, waivers, profiles: own });
    if (read.ok) return { ...parsed, policies: read.policies };
    problems = read.problems.map((problem) => ({ file, ...problem }));
  } else problems = parsed.problems;
  throw new CliError(`${file} has ${count(problems.length, "mistake")}.`, { problems, sourceText: source.text });
}
