import { parseSpec } from "./parse-spec.ts";
import type { Spec, SpecProblem } from "./spec.ts";

/** The spec of a text that has no mistakes. */
export function specOf(text: string): Spec {
  const parsed = parseSpec(text, "kiln.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems, null, 2));
  return parsed.spec;
}

export function problemsOf(text: string): readonly SpecProblem[] {
  const parsed = parseSpec(text, "kiln.yaml");
  return parsed.ok ? [] : parsed.problems;
}

/** `line:column path`, as short as a table needs it. */
export function placesOf(text: string): string[] {
  return problemsOf(text).map(({ line, column, path }) => `${line}:${column} ${path}`);
}
