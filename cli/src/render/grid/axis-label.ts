import { oneLine } from "../plain-text.ts";

/** What a cell's axes are called between people. */

/** The axes of cells: values by name. A cell may lack an axis that another has. */
export type Axes = Readonly<Record<string, string>>;

/** One axis and its values, in the order in which they are shown. */
export interface GridAxis {
  readonly name: string;
  readonly values: readonly string[];
}

/** The value of a cell that lacks the axis. */
export const LACKING = "";

/** `Python 3.12`, `torch 2.1.2`, `CUDA 12.1`, `cpu`, `ubuntu-22.04`, `sm_90`, `driver 535`, `backend=eager`. */
export function valueLabel(axis: string, value: string): string {
  return value === LACKING ? lackingLabel(axis) : oneLine(prefixOf(axis, value) + bareLabel(axis, value));
}

/** The same without what is said of the whole axis: `3.12`. */
export function bareLabel(axis: string, value: string): string {
  if (value === LACKING) return lackingLabel(axis);
  if (axis === "cuda") return oneLine(value.replace(/^rocm/, "ROCm "));
  return oneLine(axis === "gpu" ? gpuLabel(value) : value);
}

/** At most this many values stand in a row one by one where they could be a range. */
const LISTED_MAX = 3;

/** Between two of their values nobody expects the others. */
const ONE_BY_ONE = new Set(["os", "gpu"]);

/**
 * Several values of an axis: `Python 3.8, 3.9`, `Python 3.8 to 3.11`. A range is
 * said only of values that follow each other in the axis.
 */
export function valuesLabel({ name, values: all }: GridAxis, values: readonly string[]): string {
  const sorted = values.toSorted((left, right) => all.indexOf(left) - all.indexOf(right));
  const runs: string[][] = [];
  for (const value of sorted) {
    const last = runs.at(-1);
    const before = last?.at(-1);
    const follows = before !== undefined && all.indexOf(value) === all.indexOf(before) + 1;
    if (last !== undefined && follows && prefixOf(name, before) === prefixOf(name, value)) last.push(value);
    else runs.push([value]);
  }
  let prefix = "";
  const parts = runs.flatMap((run) => {
    const [first = "", last = first] = [run[0], run.at(-1)];
    const said =
      run.length > LISTED_MAX && !ONE_BY_ONE.has(name)
        ? [`${bareLabel(name, first)} to ${bareLabel(name, last)}`]
        : null;
    const words = said ?? run.map((value) => bareLabel(name, value));
    const own = first === LACKING ? "" : prefixOf(name, first);
    const shown = own === prefix ? words : words.map((word, index) => (index === 0 ? own + word : word));
    prefix = own;
    return shown;
  });
  return oneLine(parts.join(", "));
}

function prefixOf(axis: string, value: string): string {
  switch (axis) {
    case "python":
      return "Python ";
    case "torch":
      return "torch ";
    case "driver":
      return "driver ";
    case "cuda":
      return /^\d/.test(value) ? "CUDA " : "";
    case "os":
    case "gpu":
      return "";
    default:
      return `${axis}=`;
  }
}

/** A cell that names no GPU or driver takes any machine, with or without one; of other axes it has no value. */
function lackingLabel(axis: string): string {
  if (axis === "gpu") return "no GPU named";
  return axis === "driver" ? "no driver named" : oneLine(`no ${axis}`);
}

function gpuLabel(value: string): string {
  if (value === "none") return "no GPU";
  return /^\d+\.\d+$/.test(value) ? `sm_${value.replace(".", "")}` : value;
}
