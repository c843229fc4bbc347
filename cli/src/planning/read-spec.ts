import { readPolicy } from "@kiln/gate";
import { parseSpec, type ParsedSpec, type SpecProblem } from "@kiln/matrix";
import { CliError } from "../program/cli-error.ts";
import { count } from "../render/count.ts";

/** Reads a spec; throws a CliError that lists every mistake with its place. */
export function readSpec(source: { readonly text: string; readonly file: string }): Extract<ParsedSpec, { ok: true }> {
  const file = source.file === "" ? "kiln.yaml" : source.file;
  const parsed = parseSpec(source.text, file);
  const problems = parsed.ok ? gateProblems(parsed.spec, file) : parsed.problems;
  if (parsed.ok && problems.length === 0) return parsed;
  throw new CliError(`${file} has ${count(problems.length, "mistake")}.`, {
    problems,
    sourceText: source.text,
  });
}

function gateProblems(
  { gates, waivers, profiles }: Extract<ParsedSpec, { ok: true }>["spec"],
  file: string,
): readonly SpecProblem[] {
  const own = Object.fromEntries(Object.entries(profiles).map(([release, profile]) => [release, profile.gates]));
  const read = readPolicy({ gates, waivers, profiles: own });
  return read.ok ? [] : read.problems.map((problem) => ({ file, ...problem }));
}
