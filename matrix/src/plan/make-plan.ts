import { eq, valid } from "@renovatebot/pep440";
import { combine, type Combination } from "../combine/combine.ts";
import { matches } from "../combine/condition.ts";
import { HELD_TUPLES_MAX } from "../covering/cover-from.ts";
import { isSpecifierSet } from "../known/admits.ts";
import { nearestPlanned } from "../reduce/nearest-planned.ts";
import { heldTuples, reduceCells } from "../reduce/reduce-cells.ts";
import { quote, shorten } from "../spec/quote.ts";
import { cellTable, type CellTable, type NameClash } from "./cell-table.ts";
import { findNothing, type Judged } from "./find-nothing.ts";
import { axesOfEntry, judgeCells } from "./judge-cells.ts";
import { CELLS_MAX, tooManyCells } from "./matrix-size.ts";
import { planRules } from "./own-rules.ts";
import { axesOf, nameOf, perProjection } from "./per-projection.ts";
import { contextOf, type PlanContext, type PlanInputs, type PlanProblem, type PlanResult } from "./plan-inputs.ts";
import { planJobs } from "./plan-jobs.ts";
import type { Candidate, ExcludedCell, Plan, PlannedCell, ReducedCell } from "./plan.ts";
import { resolveAxes, type ResolvedAxis } from "./resolve-axes.ts";
import { resolveEntries, type ResolvedEntries } from "./resolve-entries.ts";
import { touchstones, type Touchstones } from "./touchstones.ts";
import type { WheelClash } from "./wheel-names.ts";

/**
 * Plans a run: the matrix, why some of it is excluded, what a reduction leaves
 * out and which cell stands for it, and the jobs of the rest. The same inputs
 * give the same plan to the byte; every cell of the matrix is planned, excluded
 * with its reason, or reduced.
 */
export function plan(inputs: PlanInputs): PlanResult {
  const context = contextOf(inputs);
  const made = planOrProblems(inputs, context);
  if (made.ok) return made;
  const { file } = context.places;
  const problems = made.problems.map(({ place, path, message, suggestion }) => {
    return { file, line: place?.line ?? 1, column: place?.column ?? 1, path, message, suggestion };
  });
  return { ok: false, problems };
}

type PlanOrProblems =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly problems: readonly PlanProblem[] };

function planOrProblems(inputs: PlanInputs, context: PlanContext): PlanOrProblems {
  const { candidate, places } = context;
  const problems: PlanProblem[] = [];
  const mismatch = versionMismatch(context.spec.version, candidate);
  if (mismatch !== null) {
    const suggestion = "change the one that is wrong";
    problems.push({ place: places.version, path: "version", message: mismatch, suggestion });
  }
  if (candidate.requiresPython !== null && !isSpecifierSet(candidate.requiresPython)) {
    const message = `${candidate.factsFrom} has Requires-Python ${quote(candidate.requiresPython)}, which is no version specifier (PEP 440)`;
    const suggestion = "write it like >=3.9 in the project's own metadata";
    problems.push({ place: null, path: "", message, suggestion });
    return { ok: false, problems };
  }
  const { axes, problems: unresolved } = resolveAxes(context);
  const entries = resolveEntries(context);
  problems.push(...unresolved, ...entries.problems);
  const size = tooManyCells(axes, context);
  if (size) problems.push(size);
  if (size || unresolved.length > 0 || entries.problems.length > 0) return { ok: false, problems };
  const made = makeTable(axes, entries);
  if (!made.ok) return { ok: false, problems: [...problems, ...made.problems] };
  const { table } = made;
  const rules = planRules(context);
  const judged = { axes, table, rules, verdicts: judgeCells(table, rules, entries.overrides, context) };
  problems.push(...findNothing(judged, context));
  return problems.length > 0 ? { ok: false, problems } : makePlan(inputs, context, judged, entries);
}

/** Compared as PEP 440 does, where 1.0 and 1.0.0 are one version. */
function versionMismatch(wanted: string | null, { name, version, factsFrom }: Candidate): string | null {
  if (wanted === null || version === null) return null;
  const same = valid(version) !== null && valid(wanted) !== null ? eq(version, wanted) : version === wanted;
  return same ? null : `version is ${wanted}, but ${factsFrom} of ${name} says ${shorten(version)}`;
}

type MadeTable =
  | { readonly ok: true; readonly table: CellTable }
  | { readonly ok: false; readonly problems: readonly PlanProblem[] };

function makeTable(axes: readonly ResolvedAxis[], { include, exclude }: ResolvedEntries): MadeTable {
  const combinations = combine({ axes, include, exclude });
  const problem = (message: string, suggestion: string, of: Combination | null): MadeTable => {
    const entry = of && include.find(({ values }) => sameValues(values, of.values));
    return { ok: false, problems: [{ place: entry?.place ?? null, path: "matrix.include", message, suggestion }] };
  };
  const bare = combinations.find(({ values }) => values["os"] === undefined || values["python"] === undefined);
  if (bare) {
    const missing = ["os", "python"].filter((axis) => bare.values[axis] === undefined).join(" and ");
    const message = `this include fits no combination of the matrix, so it adds one of its own, without ${missing}`;
    return problem(message, `write ${missing} in it, or values that the matrix has`, bare);
  }
  if (combinations.length > CELLS_MAX) {
    const message = `the matrix has ${combinations.length} cells with what include adds; the limit is ${CELLS_MAX}`;
    return problem(message, "name fewer values under matrix, or split the spec", null);
  }
  const { table, clash } = cellTable(axes, combinations);
  return clash ? problem(...clashWords(clash), null) : { ok: true, table };
}

function clashWords({ name, axes }: NameClash): [message: string, suggestion: string] {
  const [one, other] = axes.map((values) => JSON.stringify(values));
  return [`two cells would have the name ${name}: ${one} and ${other}`, "rename an axis or a value of one of them"];
}

function sameValues(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function makePlan(inputs: PlanInputs, context: PlanContext, judged: Judged, entries: ResolvedEntries): PlanOrProblems {
  const { candidate, profile, release, knowledge } = context;
  const { spec } = entries;
  const { table, verdicts } = judged;
  const possible = [...verdicts.keys()].filter((row) => verdicts[row]?.possible);
  const stones = touchstones(table, possible, (row) => {
    const verdict = verdicts[row];
    return verdict?.possible === true && verdict.unknown.length > 0;
  });
  const seeds = seedRows(table, possible, stones, entries, inputs.failing ?? []);
  const tooWide = tooManyTuples(table, possible, context);
  if (tooWide) return { ok: false, problems: [tooWide] };
  const chosen = reduceCells(table, possible, seeds, profile.reduce);
  const first = new Set([stones.newest, stones.oldest]);
  const rows = [...first, ...possible.filter((row) => chosen.has(row) && !first.has(row))];
  // Where the source cannot tell its version, the wheel has to have the one that the spec states.
  const identity = { name: candidate.name, version: candidate.version ?? spec.version };
  const isTouchstone = (row: number): boolean => row === stones.newest || row === stones.oldest;
  const { sourceSha256, digest } = inputs;
  const common = { spec, profile, candidate: identity, sourceSha256, knowledge, digest };
  const planned = planJobs(table, rows, { ...common, newest: stones.newest, isTouchstone });
  if (!planned.ok) return { ok: false, problems: [clashProblem(planned.clash)] };
  const made: Plan = {
    candidate: identity,
    release,
    reduction: profile.reduce,
    axes: table.axes.map(({ name, values, resolved }) => ({ name, values, resolved })),
    cells: rows.map((row) => plannedCell(judged, row, isTouchstone(row))),
    excluded: excludedCells(judged),
    reduced: reducedCells(
      table,
      rows,
      possible.filter((row) => !chosen.has(row)),
    ),
    jobs: planned.jobs,
    buildsBeforeFolding: rows.length,
    infrastructureRetries: spec.retry.infrastructure,
    ...(spec.maxParallel === null ? {} : { maxParallel: spec.maxParallel }),
    dataVersion: knowledge.version,
  };
  return { ok: true, plan: made };
}

function tooManyTuples(
  table: CellTable,
  possible: readonly number[],
  { profile: { reduce }, release }: PlanContext,
): PlanProblem | null {
  if (reduce.kind !== "t-wise") return null;
  const tuples = heldTuples(table, possible, reduce.strength);
  if (tuples <= HELD_TUPLES_MAX) return null;
  const what = reduce.strength === 2 ? "pairs" : "triples";
  return {
    place: null,
    path: `profiles.${release}.reduce`,
    message: `the possible cells hold ${tuples} ${what} of axis values together; the limit is ${HELD_TUPLES_MAX}`,
    suggestion: reduce.strength === 3 ? "write pairwise, or fewer axes" : "write fewer axes",
  };
}

/** What every reduction keeps: the touchstones, the cells that an entry of `keep` matches, and those that failed before. */
function seedRows(
  table: CellTable,
  possible: readonly number[],
  { newest, oldest }: Touchstones,
  { keep }: ResolvedEntries,
  failing: readonly string[],
): ReadonlySet<number> {
  const failed = new Set(failing);
  const kept = perProjection(table, keep.flatMap(axesOfEntry), (axes) => keep.some((entry) => matches(entry, axes)));
  const isSeed = (row: number): boolean =>
    (keep.length > 0 && kept(row)) || (failed.size > 0 && failed.has(nameOf(table, row)));
  return new Set([newest, oldest, ...possible.filter(isSeed)]);
}

function plannedCell({ table, verdicts }: Judged, row: number, touchstone: boolean): PlannedCell {
  const verdict = verdicts[row];
  const { unknown, overridden } = verdict?.possible ? verdict : { unknown: [], overridden: [] };
  return { name: nameOf(table, row), axes: axesOf(table, row), touchstone, unknown, overridden };
}

function excludedCells({ table, verdicts }: Judged): readonly ExcludedCell[] {
  const excluded: ExcludedCell[] = [];
  for (let row = 0; row < verdicts.length; row += 1) {
    const verdict = verdicts[row];
    if (!verdict || verdict.possible) continue;
    const { rule, reason, source, asOf } = verdict.why;
    excluded.push({ name: nameOf(table, row), axes: axesOf(table, row), rule, reason, source, asOf });
  }
  return excluded;
}

function reducedCells(table: CellTable, planned: readonly number[], left: readonly number[]): readonly ReducedCell[] {
  const nearest = nearestPlanned(table, planned, left);
  return left.map((row, at) => {
    return { name: nameOf(table, row), axes: axesOf(table, row), coveredBy: nameOf(table, nearest[at] ?? -1) };
  });
}

function clashProblem({ builds, tags }: WheelClash): PlanProblem {
  return {
    place: null,
    path: "build.wheels",
    message: `the wheels of ${builds[0]} and ${builds[1]} would have the same file name (${tags}) on one index`,
    suggestion: "let them differ by python, platform, torch or cuda, or write local-version: auto",
  };
}
