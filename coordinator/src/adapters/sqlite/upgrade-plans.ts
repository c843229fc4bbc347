import type { DatabaseSync } from "node:sqlite";

/** The part of a plan of schema 1 that changed. */
interface PlanOne {
  readonly cells: readonly { readonly name: string; readonly axes: Readonly<Record<string, string>> }[];
  readonly excluded: readonly object[];
  readonly jobs: readonly {
    readonly kind: string;
    readonly platform: string;
    readonly python: string;
  }[];
}

/** A plan before schema 5. */
interface PlanFour {
  readonly jobs: readonly { readonly requirement: object }[];
}

/** A plan before schema 7. */
interface PlanSix {
  readonly jobs: readonly { readonly kind: string }[];
}

/** Schema 3: plans say what their jobs require, and more of their cells. */
export function upgradePlans(database: DatabaseSync): void {
  rewritePlans(database, (plan) => upgraded(plan as PlanOne));
}

/** Schema 5: plans say what their jobs ask of containers. Those made before ask for none. */
export function addContainers(database: DatabaseSync): void {
  rewritePlans(database, (plan) => withoutContainers(plan as PlanFour));
}

function withoutContainers(plan: PlanFour): object {
  const jobs = plan.jobs.map((job) => ({
    ...job,
    requirement: { ...job.requirement, container: false },
    container: null,
  }));
  return { ...plan, jobs };
}

/** Schema 7: plans say what runs a build, and whether it is checked. Those made before ran pip, once. */
export function addFrontends(database: DatabaseSync): void {
  rewritePlans(database, (plan) => withFrontends(plan as PlanSix));
}

function withFrontends(plan: PlanSix): object {
  const jobs = plan.jobs.map((job) =>
    job.kind === "build" ? { ...job, frontend: "pip", checkReproducible: false } : job,
  );
  return { ...plan, jobs };
}

/** Schema 10: plans say how often failed tests are run again. Those made before run none. */
export function addRepeats(database: DatabaseSync): void {
  rewritePlans(database, (plan) => {
    const { jobs, ...rest } = plan as { readonly jobs: readonly { readonly kind: string }[] };
    return { ...rest, jobs: jobs.map((job) => (job.kind === "test" ? { ...job, repeatFailed: 0 } : job)) };
  });
}

const BENCH = { format: "kiln", results: "*.json", metrics: {}, columns: null, baseline: { kind: "last-release" } };
const PROFILE = { kernels: null, launchSkip: 20, launchCount: 3 };

/** Plans say how benchmarks and profiles are measured. No agent ran those that were made before. */
export function addMeasures(database: DatabaseSync): void {
  rewritePlans(database, (plan) => {
    const { jobs, ...rest } = plan as { readonly jobs: readonly { readonly kind: string }[] };
    const upgrade = (job: { readonly kind: string }): object => {
      if (job.kind === "bench") return { ...job, ...BENCH, boundBy: "both" };
      return job.kind === "profile" ? { ...job, ...PROFILE } : job;
    };
    return { ...rest, jobs: jobs.map(upgrade) };
  });
}

/** Jobs name the secrets that they get. Those planned before get none. */
export function addJobSecrets(database: DatabaseSync): void {
  rewritePlans(database, (plan) => {
    const { jobs, ...rest } = plan as { readonly jobs: readonly object[] };
    return { ...rest, jobs: jobs.map((job) => ({ ...job, secrets: [] })) };
  });
}

/** One at a time, so that memory stays small. */
function rewritePlans(database: DatabaseSync, rewrite: (plan: unknown) => object): void {
  const write = database.prepare("UPDATE plans SET plan = ? WHERE run = ?");
  const runs = database.prepare("SELECT run FROM plans").all();
  const read = database.prepare("SELECT plan FROM plans WHERE run = ?");
  for (const { run } of runs) {
    const row = read.get(run ?? null);
    const plan: unknown = JSON.parse(row?.["plan"] as string);
    write.run(JSON.stringify(rewrite(plan)), run ?? null);
  }
}

function upgraded(plan: PlanOne): object {
  const values = (axis: string): readonly string[] => [...new Set(plan.cells.flatMap(({ axes }) => axes[axis] ?? []))];
  const axes = ["python", "os"].map((name) => ({ name, values: values(name), resolved: {} }));
  return {
    ...plan,
    release: "minor",
    reduction: { kind: "full" },
    axes,
    cells: plan.cells.map((cell) => ({ ...cell, touchstone: false, unknown: [], overridden: [] })),
    excluded: plan.excluded.map((cell) => ({ ...cell, asOf: "" })),
    reduced: [],
    jobs: plan.jobs.map(({ platform, python, ...job }) => ({
      ...job,
      requirement: { kind: job.kind, platform, os: null, python, torch: false, cudaToolkit: null, gpu: null },
      touchstone: false,
      ...(job.kind === "build" ? { wheel: NATIVE_WHEEL } : { torch: null }),
    })),
    buildsBeforeFolding: plan.cells.length,
    dataVersion: "",
  };
}

const NATIVE_WHEEL = {
  kind: "native",
  torch: null,
  index: null,
  localVersion: null,
  cxx11Abi: null,
  archList: [],
  policy: null,
};
