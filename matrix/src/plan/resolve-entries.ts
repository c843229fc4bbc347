import { resolveCondition, resolveEntry } from "../combine/resolve-entry.ts";
import { quote } from "../spec/quote.ts";
import type { Condition, ExcludeEntry, IncludeEntry, KeepEntry, OverrideEntry, Spec } from "../spec/spec.ts";
import type { PlanContext, PlanProblem } from "./plan-inputs.ts";
import { exactValue, suggestValue } from "./resolve-axes.ts";

/** The entries of a spec over exact values: a "2.1" in one means what the axis's "2.1" became. */
export interface ResolvedEntries {
  readonly include: readonly IncludeEntry[];
  readonly exclude: readonly ExcludeEntry[];
  readonly overrides: readonly OverrideEntry[];
  readonly keep: readonly KeepEntry[];
  /** The spec with exact conditions on wheels and measurements. */
  readonly spec: Spec;
  readonly problems: readonly PlanProblem[];
}

/**
 * A value that means nothing matches nothing, as in GitHub Actions; in an
 * `include` it would make a cell of nonsense, so there it is a problem.
 */
export function resolveEntries({ spec, knowledge }: PlanContext): ResolvedEntries {
  const exact = (axis: string, written: string): string => exactValue(axis, written, knowledge) ?? written;
  const problems: PlanProblem[] = [];
  for (const [index, { values, place }] of spec.include.entries()) {
    for (const [axis, written] of Object.entries(values)) {
      if (exactValue(axis, written, knowledge) !== null) continue;
      const message = `${quote(written)} means nothing for ${axis}`;
      const suggestion = suggestValue(axis, written);
      problems.push({ place, path: `matrix.include[${index}].${axis}`, message, suggestion });
    }
  }
  const conditional = <T extends { readonly when: Condition | null }>(of: T): T =>
    of.when === null ? of : { ...of, when: resolveCondition(of.when, exact) };
  const build = { ...spec.build, wheels: spec.build.wheels.map(conditional) };
  const bench = spec.bench && conditional(spec.bench);
  const profile = spec.profile && conditional(spec.profile);
  return {
    include: spec.include.map((entry) => resolveEntry(entry, exact)),
    exclude: spec.exclude.map((entry) => resolveEntry(entry, exact)),
    overrides: spec.overrides.map((entry) => resolveEntry(entry, exact)),
    keep: spec.keep.map((entry) => resolveEntry(entry, exact)),
    spec: { ...spec, build, bench, profile },
    problems,
  };
}
