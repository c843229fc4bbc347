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
const NEEDS_INDEX: ReadonlySet<StepKind> = new Set(["build-wheel", "install-wheel", "install-requires"]);

/**
 * What of the network a step gets. By default only the steps that install
 * something have one, whatever the kind of job: a test, check or scan command
 * and the import of the wheel have none, and so have no way to fetch what the
 * wheel should have brought. A job that asks has it in its command too.
 */
export function networkOfStep(step: StepKind, job: Pick<Job, "container">): "none" | "index" | "open" {
  if (NEEDS_INDEX.has(step)) return "index";
  const isJobs = step === "run-command" || step === "check-imports";
  return isJobs && job.container?.network === "open" ? "open" : "none";
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
