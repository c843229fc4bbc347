import type { AxisNames } from "./axis-names.ts";
import { readChoice, type SectionFields } from "./fields.ts";
import type { ProblemList } from "./problem-list.ts";
import { readAxes } from "./read-axes.ts";
import { readMatrixEntries } from "./read-entries.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import { KNOWN_AXES, type KeepEntry, type Spec, type SpecAxes, type SpecPlace } from "./spec.ts";

export interface ReadMatrix {
  readonly spec: Pick<Spec, "axes" | "include" | "exclude" | "overrides" | "keep" | "unknownCells">;
  readonly names: AxisNames;
  /** Of each axis that the file has. */
  readonly places: Readonly<Record<string, SpecPlace>>;
}

export function readMatrix(fields: SectionFields<"matrix">, problems: ProblemList): ReadMatrix {
  const axes = readAxes(fields, problems);
  const places = placesOf(fields, axes);
  const { names, ...entries } = readMatrixEntries(fields, new Set(["os", "python", ...Object.keys(places)]), problems);
  const many = fields.axes ?? fields.include;
  const clash = sameVariable(names.all);
  if (clash && many) {
    const message = `the axes ${clash[0]} and ${clash[1]} would be one environment variable of commands, ${variableOf(clash[0])}`;
    problems.add(many.keyAt, many.path, message, "rename one of them");
  }
  const someEntries = fields.exclude ?? fields.include ?? fields.override ?? fields.keep;
  const listed = countListed(Object.values(entries).flat());
  if (listed > SPEC_LIMITS.conditionValuesMax && someEntries) {
    const message = `the entries of the matrix list ${listed} values under when; the limit is ${SPEC_LIMITS.conditionValuesMax}`;
    problems.add(someEntries.keyAt, someEntries.path, message, "write fewer entries with longer lists");
  }
  if (names.all.size > SPEC_LIMITS.axesMax && many) {
    const message = `the matrix has ${names.all.size} axes, with the keys of its includes; the limit is ${SPEC_LIMITS.axesMax}`;
    problems.add(many.keyAt, many.path, message, "make one axis of several whose values go together");
  }
  return {
    spec: { axes, ...entries, unknownCells: readChoice(fields.unknown, ["plan", "exclude"], problems) },
    names,
    places,
  };
}

function placesOf(fields: SectionFields<"matrix">, { own }: SpecAxes): Readonly<Record<string, SpecPlace>> {
  const written = KNOWN_AXES.flatMap((name) => {
    const at = fields[name]?.value.at;
    return at ? [[name, at] as const] : [];
  });
  const inAxes = fields.axes?.value.type === "map" ? fields.axes.value.entries : [];
  const names = new Set(own.map(({ name }) => name));
  return Object.fromEntries([
    ...written,
    ...inAxes.filter(({ key }) => names.has(key)).map(({ key, value }) => [key, value.at] as const),
  ]);
}

function countListed(entries: readonly KeepEntry[]): number {
  const tests = entries.flatMap(({ when }) => Object.values(when ?? {}));
  return tests.reduce((sum, test) => sum + (test.kind === "any-of" ? test.values.length : 0), 0);
}

/** Two names that commands could not tell apart. */
function sameVariable(names: ReadonlySet<string>): readonly [string, string] | null {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(variableOf(name));
    if (other !== undefined) return [other, name];
    seen.set(variableOf(name), name);
  }
  return null;
}

/** How commands see an axis of their cell. */
function variableOf(axis: string): string {
  return `KILN_MATRIX_${axis.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
}
