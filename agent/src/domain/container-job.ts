import { RUNS_COMMAND } from "./classify.ts";
import type { Job } from "./job.ts";
import type { StepKind } from "./job-steps.ts";

/** Limits of one container. */
export interface ContainerLimits {
  /** Memory and tmpfs together; swap is not given. */
  readonly memoryBytes: number;
  /** May be a fraction. */
  readonly cpus: number;
  readonly pidsMax: number;
}

/** Steps in which pip looks at an index. The build is among them for what its isolation installs. */
const NEEDS_INDEX: ReadonlySet<StepKind> = new Set([
  "install-cibuildwheel",
  "build-wheel",
  "rebuild-wheel",
  "install-wheel",
  "install-requires",
  "find-baseline",
]);
const NEEDS_RUN_INDEX: ReadonlySet<StepKind> = new Set(["install-build-requires", "install-backend-requires"]);
/** Steps that run the candidate's own build. */
const BUILDS: ReadonlySet<StepKind> = new Set(["ask-backend", "build-wheel", "rebuild-wheel"]);

/**
 * What of the network a step gets. By default only the steps that install
 * something have one, whatever the kind of job: a test, check or scan command
 * and the import of the wheel have none, and so have no way to fetch what the
 * wheel should have brought; nor has a build without isolation, which installs
 * nothing. A job that asks has it in its command too.
 *
 * "run-index" is for what is installed from the run's own index and from nowhere
 * else, "index" for what the machine owner's settings of pip lead to.
 */
export function networkOfStep(
  step: StepKind,
  job: Pick<Job, "container" | "work">,
): "none" | "index" | "run-index" | "open" {
  const { work } = job;
  if (NEEDS_RUN_INDEX.has(step)) return "run-index";
  const fromRun = work.kind === "measure" || (work.kind === "test" && work.index !== null);
  if (step === "install-wheel" && fromRun) return "run-index";
  const isJobs = RUNS_COMMAND.has(step) || step === "check-imports" || isWithoutIsolation(step, work);
  if (isJobs) return job.container?.network === "open" ? "open" : "none";
  return NEEDS_INDEX.has(step) ? "index" : "none";
}

function isWithoutIsolation(step: StepKind, work: Job["work"]): boolean {
  return BUILDS.has(step) && work.kind === "build" && work.wheel?.torch != null;
}

/** Which image a job runs in; null when neither it nor the agent's owner names one. */
export function imageOf(
  job: Pick<Job, "container">,
  images: { readonly byDefault: string | null; readonly byPolicy: Readonly<Record<string, string>> },
): { readonly text: string; readonly isJobs: boolean } | null {
  const { image, manylinux } = job.container ?? {};
  if (image !== undefined) return { text: image, isJobs: true };
  const text = (manylinux === undefined ? undefined : images.byPolicy[manylinux]) ?? images.byDefault;
  return text === null ? null : { text, isJobs: false };
}
