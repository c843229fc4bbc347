import type { ExpectedGate } from "@kiln/gate";
import type { Plan, PlannedBench } from "@kiln/matrix";

/** What a release is going to be judged by, in sentences: the gates, and what its benchmarks are compared with. */
export function judgedBy(plan: Pick<Plan, "jobs">, gates: readonly ExpectedGate[]): readonly string[] {
  const named = (by: ExpectedGate["by"]): string =>
    gates
      .filter((gate) => gate.by === by)
      .map(({ id, name }) => `${id} ${name}`)
      .join(", ");
  const [spec, byDefault, off] = [named("spec"), named("default"), named("off")];
  return [
    ...(spec === "" ? [] : [`Gates of the spec, all of which have to open: ${spec}.`]),
    ...(byDefault === "" ? [] : [`By default, where there is something to judge: ${byDefault}.`]),
    ...(off === "" ? [] : [`Switched off: ${off}.`]),
    ...baselineTexts(plan),
  ];
}

function baselineTexts({ jobs }: Pick<Plan, "jobs">): readonly string[] {
  const wanted = jobs.flatMap((job) => (job.kind === "bench" ? [baselineText(job.baseline)] : []));
  return [...new Set(wanted)];
}

function baselineText(baseline: PlannedBench["baseline"]): string {
  switch (baseline.kind) {
    case "none":
      return "Benchmarks are measured alone: the spec wants no baseline.";
    case "itself":
      return "Benchmarks are compared with the very same files, which tells how often the gate is wrong.";
    case "last-release":
      return "Benchmarks are compared with the highest lower version that passed on the farm.";
    case "index":
      return "Benchmarks are compared with the newest lower release that the package index has for the cell.";
    case "version":
      return `Benchmarks are compared with ${baseline.version}, of the farm or else of the package index.`;
    case "commit":
      return `Benchmarks are compared with what the farm built of commit ${baseline.commit}; submit that commit first.`;
  }
}
