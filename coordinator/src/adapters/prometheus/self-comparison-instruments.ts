import { Gauge, type Registry } from "prom-client";
import type { SelfComparisonRate } from "../../domain/measure/self-comparison.ts";

/** How often the gate stops what has not changed, by releases that were compared with themselves. */
export class SelfComparisonInstruments {
  readonly #gauges;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string) =>
      new Gauge({ name, help, labelNames: ["project", "machine"], registers: [registry] });
    this.#gauges = {
      comparisons: gauge("kiln_bench_self_comparisons", "Benchmarks of releases that were compared with themselves"),
      stopped: gauge("kiln_bench_self_comparisons_stopped", "Of kiln_bench_self_comparisons, false alarms"),
      undecided: gauge("kiln_bench_self_comparisons_undecided", "Of kiln_bench_self_comparisons, too little to tell"),
      rate: gauge("kiln_bench_false_positive_ratio", "Share of false alarms among comparisons with themselves"),
      low: gauge("kiln_bench_false_positive_ratio_low", "Lower bound of kiln_bench_false_positive_ratio, 95 %"),
      high: gauge("kiln_bench_false_positive_ratio_high", "Upper bound of kiln_bench_false_positive_ratio, 95 %"),
    };
  }

  /** In place of what was there. */
  set(rates: readonly SelfComparisonRate[]): void {
    for (const one of Object.values(this.#gauges)) one.reset();
    for (const { project, machine, comparisons, stopped, undecided, falsePositives } of rates) {
      const labels = { project, machine };
      this.#gauges.comparisons.set(labels, comparisons);
      this.#gauges.stopped.set(labels, stopped);
      this.#gauges.undecided.set(labels, undecided);
      this.#gauges.rate.set(labels, falsePositives.rate);
      this.#gauges.low.set(labels, falsePositives.lower);
      this.#gauges.high.set(labels, falsePositives.upper);
    }
  }
}
