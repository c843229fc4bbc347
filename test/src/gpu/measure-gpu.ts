import { describeProblem, NCU_METRICS, readNcuCsv } from "@kiln/gate";
import type { GpuView, JobView, RunView, VerdictView } from "@kiln/proto";
import type { Farm } from "../farm/farm.ts";
import { tarOfPureProject } from "../farm/pure-project.ts";
import { gpuBenchFiles, gpuBenchSpec, gpuProfileSpec } from "./gpu-bench.ts";
import { say, seconds, type Result } from "./result.ts";

/** Of the candidate that has to be stopped: 10 % more work. */
const REGRESSED_WORK = 1.1;
const UNCHANGED = new Set(["unchanged", "improved"]);

interface Cell {
  readonly python: string;
  readonly computeCapability: string;
}

/** A memory-bound and a compute-bound kernel of a release, of the same again (A/A), and of one with more work. */
export async function benchGpu(farm: Farm, cell: Cell): Promise<readonly Result[]> {
  const spec = gpuBenchSpec(cell.python, cell.computeCapability);
  const measured = async (version: string, work: number) => {
    const beganMs = performance.now();
    const run = await finished(farm, spec, version, work);
    const bench = run.jobs.find(({ kind }) => kind === "bench");
    if (bench && bench.attempts > 0) {
      const log = (await farm.api.log(run.run, bench.name, bench.attempts)).toString();
      say(`-- ${version}, work ${work}, ${seconds(beganMs)}, the last process:`);
      say(log.trimEnd().split("\n").slice(-3).join("\n"));
    }
    const verdict = (await (await farm.api.fetch(`/api/v1/runs/${run.run}/verdict`)).json()) as VerdictView;
    for (const { benchmark, outcome, reason, effect } of verdict.comparisons) {
      const change = effect?.ratio.estimate ?? null;
      say(
        `${benchmark}: ${outcome}${change === null ? "" : `, ${(100 * (change - 1)).toFixed(2)} %`} ${reason}`.trimEnd(),
      );
    }
    return { run, verdict };
  };
  say();
  say(`== kernel benchmarks on a GPU of compute capability ${cell.computeCapability}`);
  const release = await measured("1.0", 1);
  if (release.run.verdict !== "pass") {
    return [
      { what: "benchmark of a release", outcome: "failed", detail: `${release.run.verdict}: ${release.run.reason}` },
    ];
  }
  const same = await measured("1.1", 1);
  const slower = await measured("1.2", REGRESSED_WORK);
  return [
    { what: "benchmark of a release", outcome: "passed", detail: "both kernels were timed" },
    judged("the same again (A/A)", same.verdict, (outcome) => UNCHANGED.has(outcome)),
    judged("with 10 % more work", slower.verdict, (outcome) => outcome === "regressed"),
  ];
}

/** Passed when each of both kernels is as expected; a measurement that says nothing was not run. */
function judged(what: string, { comparisons }: VerdictView, isExpected: (outcome: string) => boolean): Result {
  const detail = comparisons
    .map(({ benchmark, outcome, reason }) => `${benchmark} ${outcome} ${reason}`.trimEnd())
    .join(", ");
  if (comparisons.length !== 2) return { what, outcome: "failed", detail: `two comparisons were expected: ${detail}` };
  if (comparisons.every(({ outcome }) => isExpected(outcome))) return { what, outcome: "passed", detail };
  const saysNothing = comparisons.some(({ outcome }) => outcome === "invalid" || outcome === "inconclusive");
  return { what, outcome: saysNothing ? "not-run" : "failed", detail };
}

/** Counters of one launch of each kernel, where ncu may read them. */
export async function profileGpu(farm: Farm, cell: Cell, { countersReadable }: GpuView): Promise<Result> {
  const what = `ncu profile on ${cell.computeCapability}`;
  if (countersReadable.answer !== "yes") return { what, outcome: "not-run", detail: countersReadable.detail };
  say();
  say(`== a profile on a GPU of compute capability ${cell.computeCapability}`);
  const beganMs = performance.now();
  const run = await finished(farm, gpuProfileSpec(cell.python, cell.computeCapability), "1.3", 1);
  const planned = run.jobs.find(({ kind }) => kind === "profile");
  if (!planned) return { what, outcome: "failed", detail: "the plan has no profile job" };
  const job = await farm.api.job(run.run, planned.name);
  if (job.outcome !== "passed") return { what, outcome: "failed", detail: `${job.outcome ?? ""}: ${job.summary}` };
  const kernels = await countersIn(farm, job);
  return typeof kernels === "string"
    ? { what, outcome: "failed", detail: kernels }
    : { what, outcome: "passed", detail: `${kernels.join(", ")} in ${seconds(beganMs)}` };
}

/** Prints them; the names of the kernels, or what is wrong. */
async function countersIn(farm: Farm, job: JobView): Promise<readonly string[] | string> {
  const artifact = job.history.at(-1)?.artifacts.find(({ role }) => role === "profile-metrics");
  if (!artifact) return "the job left no table of counters";
  const text = await (await farm.api.fetch(`/api/v1/blobs/${artifact.blob.sha256}`)).text();
  const metrics = NCU_METRICS.flatMap((names) => names.find((name) => text.includes(name)) ?? []);
  const read = readNcuCsv({ file: artifact.blob.filename, text, metrics });
  if (!read.ok) return describeProblem(read.problem);
  for (const { kernel, grid, block, metrics: found } of read.kernels) {
    say(`${kernel} grid ${grid} block ${block}`);
    for (const [name, { value, unit }] of found) say(`  ${name.padEnd(64)} ${value} ${unit}`.trimEnd());
  }
  const names = read.kernels.map(({ kernel }) => kernel);
  return names.length === 2 ? names : `two launches were to be profiled, and ${names.length} were: ${names.join(", ")}`;
}

async function finished(farm: Farm, spec: string, version: string, work: number): Promise<RunView> {
  const sdist = tarOfPureProject(gpuBenchFiles(version, work));
  return farm.api.finished(await farm.api.submit({ spec, name: "demo", version, sdist }));
}
