import { lines, number, table, type Section } from "./panels.ts";

const OF = 'project=~"$project", benchmark=~"$benchmark", cell=~"$cell"';
const PROJECT = 'project=~"$project"';
/** Series end five minutes after a coordinator was last scraped; what was measured holds for longer. */
const LASTING = "[$__range]";

export const BENCHMARK_SECTIONS: readonly Section[] = [
  {
    title: "Now",
    panels: [
      number("Confirmed regressions", `sum(kiln_bench_verdict{${OF}, verdict="regressed"})`, {
        says: "Benchmarks whose newest candidate is worse by fresh pairs, too. The gate stops that candidate.",
        thresholds: [
          { value: null, color: "green" },
          { value: 1, color: "red" },
        ],
      }),
      number(
        "No evidence",
        `sum(kiln_bench_verdict{${OF}, verdict=~"invalid|cannot-tell|needs-confirmation|no-baseline"})`,
        {
          says: "Benchmarks of which nothing can be said: contaminated, too noisy, or without a baseline. None is a pass.",
          thresholds: [
            { value: null, color: "green" },
            { value: 1, color: "orange" },
          ],
        },
      ),
      number("Benchmarks", `count(kiln_bench_ratio{${OF}})`, {
        says: "Benchmarks with a comparison, of the releases that are kept.",
      }),
      number("Worst change", `max(kiln_bench_ratio{${OF}} and on (project, release) kiln_bench_verdict{${OF}}) - 1`, {
        says: "The largest change for the worse of the newest candidates, confirmed or not.",
        unit: "percentunit",
        thresholds: [
          { value: null, color: "green" },
          { value: 0.02, color: "orange" },
          { value: 0.05, color: "red" },
        ],
      }),
      number(
        "Age of the newest result",
        `time() - max(kiln_bench_last_result_timestamp_seconds{project=~"$project"})`,
        {
          says: "How long ago anything was measured.",
          unit: "s",
        },
      ),
    ],
  },
  {
    title: "Candidates",
    panels: [
      table(
        "Benchmarks by release",
        [
          { expr: `last_over_time(kiln_bench_median{${OF}}${LASTING})`, legend: "Median (base unit)" },
          { expr: `last_over_time(kiln_bench_ratio{${OF}}${LASTING}) - 1`, legend: "Change" },
          { expr: `last_over_time(kiln_bench_ratio_low{${OF}}${LASTING}) - 1`, legend: "Change, low" },
          { expr: `last_over_time(kiln_bench_ratio_high{${OF}}${LASTING}) - 1`, legend: "Change, high" },
        ],
        {
          says: "Releases are no points in time: a row for each of them, with the interval of its change against the baseline.",
        },
      ),
      table("Verdicts of benchmarks", [{ expr: `kiln_bench_verdict{${OF}} == 1`, legend: "is" }], {
        says: "What the gate says of each benchmark of the newest candidate.",
        hidden: ["Value"],
      }),
    ],
  },
  {
    title: "The gate itself",
    panels: [
      number("False alarms", `sum(kiln_bench_self_comparisons_stopped{${PROJECT}})`, {
        says: "Benchmarks of a release against itself that the gate would have stopped. Nothing had changed.",
      }),
      number("Benchmarks against themselves", `sum(kiln_bench_self_comparisons{${PROJECT}})`, {
        says: "What the rate of false alarms rests on: the farm makes them while it has nothing else to do.",
      }),
      table(
        "Rate of false alarms",
        [
          { expr: `last_over_time(kiln_bench_self_comparisons{${PROJECT}}${LASTING})`, legend: "Comparisons" },
          { expr: `last_over_time(kiln_bench_self_comparisons_undecided{${PROJECT}}${LASTING})`, legend: "Undecided" },
          { expr: `last_over_time(kiln_bench_false_positive_ratio{${PROJECT}}${LASTING})`, legend: "Rate" },
          { expr: `last_over_time(kiln_bench_false_positive_ratio_low{${PROJECT}}${LASTING})`, legend: "Rate, low" },
          { expr: `last_over_time(kiln_bench_false_positive_ratio_high{${PROJECT}}${LASTING})`, legend: "Rate, high" },
        ],
        {
          says: "How often the gate stops what has not changed, by class of machines, with its exact 95 % interval.",
        },
      ),
    ],
  },
  {
    title: "Over time",
    panels: [
      lines(
        "Change against the baseline",
        [{ expr: `kiln_bench_ratio{${OF}} - 1`, legend: "{{project}} {{release}} {{benchmark}} {{cell}}" }],
        {
          says: "Above zero is worse, whatever way the benchmark counts.",
          unit: "percentunit",
          span: 24,
        },
      ),
    ],
  },
];
