import type { Rule } from "../knowledge/rule.ts";
import type { CellTable } from "./cell-table.ts";
import type { Verdict } from "./judge-cells.ts";
import { axesOf } from "./per-projection.ts";
import { pathOfAxis, placeOfAxis, type PlanContext, type PlanProblem } from "./plan-inputs.ts";
import type { Reason } from "./plan.ts";
import type { ResolvedAxis } from "./resolve-axes.ts";

/** The candidate's own pins: they leave an axis one value, and the others need no complaint. */
const PIN = "candidate-pin";

/** A matrix whose cells have been judged. */
export interface Judged {
  readonly axes: readonly ResolvedAxis[];
  readonly table: CellTable;
  readonly rules: readonly Rule[];
  readonly verdicts: readonly Verdict[];
}

/**
 * A matrix without cells, or values that a person named and that would vanish
 * from it: a run must not pass for want of work. A value counts only as a
 * whole: CUDA 12.1 on macOS may be impossible as long as it is possible
 * somewhere. That a value vanishes is fine when the user's own `exclude` or a
 * pin of the candidate speaks against each of its cells.
 */
export function findNothing(judged: Judged, context: PlanContext): readonly PlanProblem[] {
  const { axes, verdicts } = judged;
  if (!verdicts.some(({ possible }) => possible)) return [nothingAtAll(axes, verdicts, context)];
  return axes.filter(({ named }) => named).flatMap((axis) => vanished(axis, judged, context));
}

function vanished(
  axis: ResolvedAxis,
  { table, rules, verdicts }: Judged,
  { places }: PlanContext,
): readonly PlanProblem[] {
  const pin = rules.find(({ name }) => name === PIN);
  const expected = (row: number): boolean =>
    table.excludedBy[row] !== null || pin?.judge(axesOf(table, row))?.answer === "impossible";
  const column = table.axes.findIndex(({ name }) => name === axis.name);
  const width = table.axes.length;
  const codeOf = (row: number): number => table.codes[row * width + column] ?? -1;
  const left = new Set<number>();
  for (let row = 0; row < verdicts.length; row += 1) if (verdicts[row]?.possible) left.add(codeOf(row));
  const codes = new Map((table.axes[column]?.values ?? []).map((value, code) => [value, code]));
  return axis.values.flatMap((value): readonly PlanProblem[] => {
    const code = codes.get(value) ?? -1;
    if (left.has(code)) return [];
    const rows = [...verdicts.keys()].filter((row) => codeOf(row) === code);
    if (rows.every(expected)) return [];
    const why = reasonsAgainst(verdicts.filter((_, row) => codeOf(row) === code));
    const what = axis.name === "os" ? `to build on ${value}` : `of ${axis.name} ${asWritten(axis, value)}`;
    return [
      {
        place: placeOfAxis(places, axis.name),
        path: pathOfAxis(axis.name),
        message: `nothing is left ${what}: ${inWords(why)}`,
        suggestion: suggestion(axis.name, value, table),
      },
    ];
  });
}

function asWritten({ resolved }: ResolvedAxis, value: string): string {
  const written = Object.keys(resolved).filter((text) => resolved[text] === value);
  return written.length === 0 ? value : `${value} (${written.join(", ")})`;
}

function suggestion(axis: string, value: string, { axes }: CellTable): string {
  const cuda = axes.find(({ name }) => name === "cuda");
  // The usual case: a system without CUDA in a matrix of CUDA versions alone.
  if (axis === "os" && cuda && !cuda.values.includes("cpu")) {
    return `add cpu to matrix.cuda, include cells for ${value} that have it, or leave ${value} out`;
  }
  return axis === "os"
    ? `name Pythons for it in matrix.python, start an agent on it, or leave ${value} out`
    : `leave ${value} out of ${pathOfAxis(axis)}, or add an override with the reason why it is possible`;
}

function nothingAtAll(axes: readonly ResolvedAxis[], verdicts: readonly Verdict[], context: PlanContext): PlanProblem {
  const { places, spec } = context;
  if (verdicts.length > 0) {
    return {
      place: placeOfAxis(places, "python"),
      path: "matrix.python",
      message: `nothing is left to build: all ${verdicts.length} cells are excluded: ${inWords(reasonsAgainst(verdicts))}`,
      suggestion: "name other values under matrix",
    };
  }
  const empty = axes.find(({ name, values }) => values.length === 0 && name !== "os" && name !== "python");
  if (empty) {
    const message = `the matrix has no cells: ${empty.name} has no values`;
    const suggestion = `name values for it, or leave ${empty.name} out`;
    return { place: placeOfAxis(places, empty.name), path: pathOfAxis(empty.name), message, suggestion };
  }
  const { python } = spec.axes;
  if (python.kind === "specifier" && axes.some(({ name, values }) => name === "python" && values.length === 0)) {
    const message = `the matrix has no cells: no CPython that Kiln knows is admitted by ${python.specifier}`;
    const suggestion = "write a specifier such as >=3.9";
    return { place: placeOfAxis(places, "python"), path: "matrix.python", message, suggestion };
  }
  const where = spec.axes.os === "available" ? "" : ` on ${spec.axes.os.toSorted().join(", ")}`;
  return {
    place: placeOfAxis(places, "os"),
    path: "matrix.os",
    message: `the matrix has no cells: no agent${where} is online with a Python`,
    suggestion: "start an agent, or name platforms and Pythons under matrix",
  };
}

/** Each reason once. */
function reasonsAgainst(verdicts: readonly Verdict[]): readonly Reason[] {
  const byText = new Map<string, Reason>();
  for (const verdict of verdicts) if (!verdict.possible) byText.set(verdict.why.reason, verdict.why);
  return [...byText.values()];
}

const REASONS_SHOWN = 3;

function inWords(reasons: readonly Reason[]): string {
  const all = reasons.map(({ reason }) => reason);
  const more = all.length - REASONS_SHOWN;
  return all.slice(0, REASONS_SHOWN).join("; ") + (more > 0 ? `; and ${more} more reasons` : "");
}
