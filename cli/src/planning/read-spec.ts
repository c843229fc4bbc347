import { parseSpec, type ParsedSpec } from "@kiln/matrix";
import { CliError } from "../program/cli-error.ts";
import { count } from "../render/count.ts";

/** Reads a spec; throws a CliError that lists every mistake with its place. */
export function readSpec(source: { readonly text: string; readonly file: string }): Extract<ParsedSpec, { ok: true }> {
  const file = source.file === "" ? "kiln.yaml" : source.file;
  const parsed = parseSpec(source.text, file);
  if (parsed.ok) return parsed;
  throw new CliError(`${file} has ${count(parsed.problems.length, "mistake")}.`, {
    problems: parsed.problems,
    sourceText: source.text,
  });
}
