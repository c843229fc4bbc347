import type { Verdict } from "@kiln/gate";
import { Counter, Gauge, type Registry } from "prom-client";
import {
  BENCHMARK_VERDICTS,
  GATE_OUTCOMES,
  RELEASES_SHOWN,
  VERDICTS,
  type JudgedRelease,
  type ShownBenchmark,
  type ShownReleases,
} from "../../domain/verdict/judged-releases.ts";

const BENCHMARK = ["project", "release", "benchmark", "cell", "gpu", "torch", "cuda"] as const;
const WORSE = "above 1 is worse, whichever direction is better";

/** Verdicts and benchmarks of releases. No commit, run or job is a label: their values would never end. */
export class ReleaseInstruments {
  readonly #judged;
  readonly #gauges;

  constructor(registry: Registry) {
    const registers = [registry];
    const gauge = <const L extends string>(name: string, help: string, labelNames: readonly L[]) =>
      new Gauge<L>({ name, help, labelNames: [...labelNames], registers });
    const ofReleases = `of a project's newest ${RELEASES_SHOWN} judged releases`;
    this.#judged = new Counter({
      name: "kiln_runs_judged_total",
      help: "Runs that ended, by verdict",
      labelNames: ["verdict"],
      registers,
    });
    for (const verdict of VERDICTS) this.#judged.inc({ verdict }, 0);
    this.#gauges = {
      verdict: gauge("kiln_verdict", "1 for the verdict of each project's newest judged run, 0 for the others", [
        ...["project", "release", "verdict"],
      ]),
      verdictTime: gauge("kiln_verdict_timestamp_seconds", "When each project's newest judged run was judged", [
        ...["project", "release"],
      ]),
      gate: gauge("kiln_gate_outcome", "1 for the outcome of each gate of that run, 0 for the others", [
        ...["project", "release", "gate", "name", "outcome"],
      ]),
      ratio: gauge("kiln_bench_ratio", `Candidate against baseline, ${ofReleases}: ${WORSE}`, BENCHMARK),
      ratioLow: gauge("kiln_bench_ratio_low", `Lower bound of kiln_bench_ratio: ${WORSE}`, BENCHMARK),
      ratioHigh: gauge("kiln_bench_ratio_high", `Upper bound of kiln_bench_ratio: ${WORSE}`, BENCHMARK),
      median: gauge(
        "kiln_bench_median",
        `Median of the candidate's processes in the base unit that is named, ${ofReleases}`,
        [...[...BENCHMARK, "unit"]],
      ),
      benchVerdict: gauge(
        "kiln_bench_verdict",
        "1 for what is said of each benchmark of a project's newest release that has any, 0 for the others",
        [...BENCHMARK, "verdict"],
      ),
      benchTime: gauge("kiln_bench_last_result_timestamp_seconds", `When it was judged, ${ofReleases}`, BENCHMARK),
    };
  }

  runJudged(verdict: Verdict): void {
    this.#judged.inc({ verdict });
  }

  /** In place of what was there: releases that are not shown any more have no series any more. */
  set({ verdicts, benchmarks }: ShownReleases): void {
    for (const one of Object.values(this.#gauges)) one.reset();
    for (const judged of verdicts) this.#setVerdict(judged);
    for (const benchmark of benchmarks) this.#setBenchmark(benchmark);
  }

  #setVerdict({ project, release, judgedAtMs, verdict: is, gates }: JudgedRelease): void {
    const { verdict, verdictTime, gate } = this.#gauges;
    for (const one of VERDICTS) verdict.set({ project, release, verdict: one }, Number(one === is));
    verdictTime.set({ project, release }, judgedAtMs / 1_000);
    for (const { id, name, outcome } of gates) {
      for (const one of GATE_OUTCOMES) {
        gate.set({ project, release, gate: id, name, outcome: one }, Number(one === outcome));
      }
    }
  }

  #setBenchmark({ of: { project, release, judgedAtMs }, comparison, isNewest, worse }: ShownBenchmark): void {
    const { ratio, ratioLow, ratioHigh, median, benchVerdict, benchTime } = this.#gauges;
    const { benchmark, cell, axes = {}, unit, outcome, effect } = comparison;
    const labels = { project, release, benchmark, cell, ...axes };
    if (worse.estimate !== null) ratio.set(labels, worse.estimate);
    if (worse.low !== null) ratioLow.set(labels, worse.low);
    if (worse.high !== null) ratioHigh.set(labels, worse.high);
    if (effect) median.set({ ...labels, unit }, effect.candidate);
    benchTime.set(labels, judgedAtMs / 1_000);
    if (!isNewest) return;
    for (const verdict of BENCHMARK_VERDICTS) benchVerdict.set({ ...labels, verdict }, Number(verdict === outcome));
  }
}
