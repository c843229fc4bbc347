import type { Cell, Plan } from "@kiln/matrix";

/**
 * The cells that a person may mean by words such as `torch 2.0 cuda 12.1 python 3.8`
 * or `macos-14 cpu`: every word or pair of words must fit a value of an axis.
 * Null when the words are not of that form.
 */
export function findCells(plan: Plan, words: string): readonly Cell[] | null {
  const wanted = readWords(plan, words);
  if (wanted === null || wanted.length === 0) return null;
  const all: readonly Cell[] = [...plan.cells, ...plan.excluded, ...plan.reduced];
  return all.filter(({ axes }) =>
    wanted.every(({ axis, values }) => {
      const value = axes[axis];
      return value !== undefined && values.includes(value);
    }),
  );
}

interface Wanted {
  readonly axis: string;
  readonly values: readonly string[];
}

function readWords(plan: Plan, words: string): readonly Wanted[] | null {
  const parts = words.split(/[\s,=]+/).filter((word) => word !== "");
  const wanted: Wanted[] = [];
  for (let at = 0; at < parts.length; at += 1) {
    const word = parts[at] ?? "";
    const named = plan.axes.find(({ name }) => name === word.toLowerCase());
    const next = parts[at + 1];
    if (named !== undefined && next !== undefined) {
      at += 1;
      wanted.push({ axis: named.name, values: valuesOf(named, next) });
      continue;
    }
    // Without the axis: the value must be one axis's alone.
    const fitting = plan.axes
      .map((axis) => ({ axis: axis.name, values: valuesOf(axis, word) }))
      .filter(({ values }) => values.length > 0);
    const [only] = fitting;
    if (only === undefined || fitting.length > 1) return null;
    wanted.push(only);
  }
  return wanted;
}

/** The values that a person may mean: the value itself, what it stands for in the spec, or a release of that feature version. */
function valuesOf({ name, values, resolved }: Plan["axes"][number], written: string): readonly string[] {
  const word = written.toLowerCase();
  const exact = values.filter((value) => value.toLowerCase() === word || partOf(name, value) === word);
  if (exact.length > 0) return exact;
  const stood = Object.hasOwn(resolved, written) ? [resolved[written] ?? ""] : [];
  if (stood.length > 0) return stood;
  return values.filter((value) => value.startsWith(`${written}.`) || (name === "os" && value.startsWith(`${word}-`)));
}

/** As names of cells spell it. */
function partOf(axis: string, value: string): string {
  switch (axis) {
    case "python":
      return `cp${value.replace(".", "")}`;
    case "torch":
      return `torch${value}`;
    case "cuda":
      return /^\d/.test(value) ? `cu${value.replace(".", "")}` : value;
    case "gpu":
      return value === "none" ? "nogpu" : `sm_${value.replace(".", "")}`;
    default:
      return value;
  }
}
