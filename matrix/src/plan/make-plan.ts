import { eq, valid } from "@renovatebot/pep440";
import { isSpecifierSet } from "../known/admits.ts";
import { quote, shorten } from "../spec/quote.ts";
import type { Spec, SpecPlace, SpecPlaces, SpecProblem } from "../spec/spec.ts";
import { cellOf } from "./cell.ts";
import { excluder } from "./exclude.ts";
import type { Candidate, Cell, ExcludedCell, FarmPython, Plan } from "./plan.ts";
import { findNothing } from "./find-nothing.ts";
import { planJobs, type Digest } from "./plan-jobs.ts";
import { resolveAxes, type Axes } from "./resolve-axes.ts";

export interface PlanInputs {
  readonly spec: Spec;
  readonly candidate: Candidate;
  /** What the agents have; order and repetition do not matter. */
  readonly farm: readonly FarmPython[];
  /** Lower-case hexadecimal SHA-256 of the source's bytes. */
  readonly sourceSha256: string;
  readonly digest: Digest;
  /** Where the spec was written, for problems; without it they point at line 1 of a file without a name. */
  readonly places?: SpecPlaces;
}

export type PlanResult =
  | { readonly ok: true; readonly plan: Plan }
  /** Never empty. */
  | { readonly ok: false; readonly problems: readonly SpecProblem[] };

/** Cells of one matrix; checked against the sizes of the axes, before their product is made. */
export const CELLS_MAX = 100_000;

const NOWHERE: SpecPlaces = { file: "", version: null, os: null, python: null };

/**
 * Plans a run: the matrix, why some of it is excluded, and the jobs of the
 * rest. The same inputs give the same plan to the byte; every cell of the
 * matrix is either planned or excluded with its reason.
 */
export function plan(inputs: PlanInputs): PlanResult {
  const { spec, candidate, farm, places = NOWHERE } = inputs;
  const problems: SpecProblem[] = [];
  const add = (place: SpecPlace | null, path: string, message: string, suggestion: string) => {
    problems.push({ file: places.file, line: place?.line ?? 1, column: place?.column ?? 1, path, message, suggestion });
  };
  const mismatch = versionMismatch(spec.version, candidate);
  if (mismatch !== null) add(places.version, "version", mismatch, "change the one that is wrong");
  if (candidate.requiresPython !== null && !isSpecifierSet(candidate.requiresPython)) {
    const message = `${candidate.factsFrom} has Requires-Python ${quote(candidate.requiresPython)}, which is no version specifier (PEP 440)`;
    add(null, "", message, "write it like >=3.9 in the project's own metadata");
    return { ok: false, problems };
  }
  const axes = resolveAxes(spec.axes, farm);
  const size = axes.os.length * axes.python.length;
  if (size > CELLS_MAX) {
    const message = `the matrix has ${size} cells: ${axes.os.length} of os × ${axes.python.length} of python; the limit is ${CELLS_MAX}`;
    add(places.python ?? places.os, "matrix", message, "name fewer platforms or Pythons");
    return { ok: false, problems };
  }
  const { cells, excluded } = divide(axes, excluder(spec.axes, candidate, farm));
  for (const { path, message, suggestion } of findNothing(spec.axes, axes.os, cells, excluded)) {
    add(path === "matrix.os" ? places.os : places.python, path, message, suggestion);
  }
  if (problems.length > 0) return { ok: false, problems };
  // Where the source cannot tell its version, the wheel has to have the one that the spec states.
  const identity = { name: candidate.name, version: candidate.version ?? spec.version };
  const jobs = planJobs(cells, { ...inputs, candidate: identity });
  return {
    ok: true,
    plan: { candidate: identity, cells, excluded, jobs, infrastructureRetries: spec.retry.infrastructure },
  };
}

/** Compared as PEP 440 does, where 1.0 and 1.0.0 are one version. */
function versionMismatch(wanted: string | null, { name, version, factsFrom }: Candidate): string | null {
  if (wanted === null || version === null) return null;
  const same = valid(version) !== null && valid(wanted) !== null ? eq(version, wanted) : version === wanted;
  return same ? null : `version is ${wanted}, but ${factsFrom} of ${name} says ${shorten(version)}`;
}

function divide(
  axes: Axes,
  exclude: ReturnType<typeof excluder>,
): { readonly cells: readonly Cell[]; readonly excluded: readonly ExcludedCell[] } {
  const cells: Cell[] = [];
  const excluded: ExcludedCell[] = [];
  for (const os of axes.os) {
    for (const python of axes.python) {
      const cell = cellOf(os, python);
      const why = exclude(cell);
      if (why) excluded.push({ ...cell, ...why });
      else cells.push(cell);
    }
  }
  return { cells, excluded };
}
