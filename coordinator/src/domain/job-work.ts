import type { Cell, PlannedJob, Plan } from "@kiln/matrix";
import type { Blob } from "./rows.ts";
import { ANY_VARIANT } from "./staging/staged-file.ts";

type Planned<K extends PlannedJob["kind"]> = Extract<PlannedJob, { readonly kind: K }>;

/** A planned job with everything that an agent needs to run it. */
export type JobWork = {
  readonly candidate: WorkCandidate;
  readonly source: Blob;
  /** Environment of its commands: the plan's, and the values of the cell's axes as KILN_MATRIX_…. */
  readonly env: Readonly<Record<string, string>>;
} & (
  | { readonly kind: "build"; readonly job: Planned<"build"> }
  | {
      readonly kind: "test";
      readonly job: Planned<"test">;
      readonly wheel: Blob;
      /** Of the run's indexes, the one it installs from. */ readonly index: string;
    }
  | { readonly kind: "check"; readonly job: Planned<"check"> }
  | { readonly kind: "scan"; readonly job: Planned<"scan">; readonly wheel: Blob }
  | {
      readonly kind: "bench" | "profile";
      readonly job: Planned<"bench" | "profile">;
      readonly wheel: Blob;
      readonly index: string;
      readonly measure: MeasureTask;
    }
);

/** What an attempt at a bench or profile job has to do, which depends on the runs and attempts before it. */
export interface MeasureTask {
  readonly baseline: BaselineTask | null;
  /** Pairs of processes; of a profile one. */
  readonly pairs: number;
  /** By which the agent measures again what the gate would discard. */
  readonly limits: {
    readonly pairsAgainMax: number;
    readonly clockShareMin: number;
    /** In cores. */
    readonly foreignCpuMax: number;
  };
}

/** What the candidate is measured beside. */
export type BaselineTask =
  /** A wheel that the farm built for the same cell. */
  | {
      readonly kind: "wheel";
      readonly version: string;
      readonly wheel: Blob;
      /** "r12" */
      readonly run: string;
      /** Of that run's source, where the spec names it; else null. */
      readonly commit: string | null;
    }
  /** A release of the package index that the agent's pip is set to use. */
  | {
      readonly kind: "index";
      /** null: the newest below the candidate. */
      readonly version: string | null;
      /** What its file has to have, since it was measured before; null: anything. */
      readonly sha256: string | null;
    };

export interface WorkCandidate {
  readonly name: string;
  /** null when only the wheel can tell. */
  readonly version: string | null;
}

/**
 * Joins the plan's job with the bytes it works on. `wheel` is what the build it
 * needs has made, `measure` what a bench or profile job has to do.
 */
export function workOf(
  plan: Plan,
  job: PlannedJob,
  source: Blob,
  wheel: Blob | null,
  measure: MeasureTask | null,
): JobWork {
  const base = { candidate: plan.candidate, source, env: { ...job.env, ...matrixVariables(plan, job) } };
  switch (job.kind) {
    case "build":
      return { ...base, kind: "build", job };
    case "check":
      return { ...base, kind: "check", job };
    case "test":
      return { ...base, kind: "test", job, wheel: madeWheel(job, wheel), index: indexOf(plan, job) };
    case "scan":
      return { ...base, kind: "scan", job, wheel: madeWheel(job, wheel) };
    case "bench":
    case "profile": {
      if (!measure) throw new Error(`${job.name} was assigned without what it has to measure`);
      return { ...base, kind: job.kind, job, wheel: madeWheel(job, wheel), index: indexOf(plan, job), measure };
    }
  }
}

function madeWheel(job: Planned<"test" | "scan" | "bench" | "profile">, wheel: Blob | null): Blob {
  if (!wheel) throw new Error(`${job.name} was assigned before the wheel of ${job.wheelOf} was there`);
  return wheel;
}

/** Where the wheel is staged, unless PyTorch itself comes from another index. */
function indexOf(plan: Plan, { torch, wheelOf }: Planned<"test" | "bench" | "profile">): string {
  const build = buildsOf(plan).get(wheelOf);
  if (!build) throw new Error(`the plan has no build ${wheelOf}`);
  return torch?.variant ?? build.wheel.index ?? ANY_VARIANT;
}

/**
 * What a command can know of its cell: KILN_MATRIX_OS, KILN_MATRIX_TORCH, …;
 * characters that a variable's name cannot have are underscores. Builds, checks
 * and scans serve many cells and get none.
 */
function matrixVariables(plan: Plan, job: PlannedJob): Readonly<Record<string, string>> {
  if (job.kind === "build" || job.kind === "check" || job.kind === "scan") return {};
  const cell = cellsOf(plan).get(job.cell);
  if (!cell) throw new Error(`the plan has no cell ${job.cell}`);
  return Object.fromEntries(
    Object.entries(cell.axes).map(([axis, value]) => [
      `KILN_MATRIX_${axis.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`,
      value,
    ]),
  );
}

function named<T extends { readonly name: string }>(list: (plan: Plan) => readonly T[]) {
  // A plan never changes: its index is made once and lives as long as it does.
  const indexes = new WeakMap<Plan, ReadonlyMap<string, T>>();
  return (plan: Plan): ReadonlyMap<string, T> => {
    let index = indexes.get(plan);
    if (!index) indexes.set(plan, (index = new Map(list(plan).map((item) => [item.name, item]))));
    return index;
  };
}

const cellsOf = named<Cell>(({ cells }) => cells);
const buildsOf = named(({ jobs }) => jobs.filter((job) => job.kind === "build"));
