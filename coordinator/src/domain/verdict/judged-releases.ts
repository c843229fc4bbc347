import type { GateOutcome, GateResult, Verdict } from "@kiln/gate";
import { normalName } from "../staging/project-name.ts";
import type { ComparedBenchmark } from "./judged-run.ts";

/** A judged run as metrics show it. */
export interface JudgedRelease {
  readonly run: number;
  readonly project: string;
  /** Its version, `1.4.0`; the run, `r12`, of one without. */
  readonly release: string;
  readonly judgedAtMs: number;
  readonly verdict: Verdict;
  readonly gates: readonly Pick<GateResult, "id" | "name" | "outcome">[];
  readonly comparisons: readonly ComparedBenchmark[];
}

/** What metrics show: a project's verdict is that of its newest run, its benchmarks are of several releases. */
export interface ShownReleases {
  /** The newest judged run of each project. */
  readonly verdicts: readonly JudgedRelease[];
  readonly benchmarks: readonly ShownBenchmark[];
  /** Series that there was no room for. */
  readonly omitted: number;
}

export interface ShownBenchmark {
  readonly of: JudgedRelease;
  readonly comparison: ComparedBenchmark;
  /** Whether it is of the newest release of its project that has benchmarks: only those have a verdict to act on. */
  readonly isNewest: boolean;
  /** Candidate against baseline so that above 1 is worse; null without an estimate, and where a bound is unbounded. */
  readonly worse: { readonly estimate: number | null; readonly low: number | null; readonly high: number | null };
}

export const VERDICTS = ["pass", "fail", "inconclusive"] as const satisfies readonly Verdict[];
export const GATE_OUTCOMES = [
  "pass",
  "fail",
  "inconclusive",
  "invalid",
  "not-run",
  "waived",
] as const satisfies readonly GateOutcome[];
export const BENCHMARK_VERDICTS = [
  "unchanged",
  "improved",
  "regressed",
  "needs-confirmation",
  "cannot-tell",
  "invalid",
  "no-baseline",
] as const satisfies readonly ComparedBenchmark["outcome"][];

/** Of a project, releases with benchmarks. */
export const RELEASES_SHOWN = 5;
/** Projects that are remembered; those judged last. */
export const PROJECTS_MAX = 500;

/** Ratios and bounds, median, time. */
const SERIES_OF_BENCHMARK = 5;

interface Project {
  newest: JudgedRelease;
  /** Newest first, one for each release. */
  measured: readonly JudgedRelease[];
}

/** The newest judged runs of every project, by the order of their submission. */
export class JudgedReleases {
  readonly #projects = new Map<string, Project>();

  /** Takes a run that was judged, or judged anew. */
  put(judged: JudgedRelease): void {
    const key = normalName(judged.project);
    const known = this.#projects.get(key);
    const isNewest = !known || known.newest.run <= judged.run;
    const others = (known?.measured ?? []).filter(({ run }) => run !== judged.run);
    const later = others.find(({ release }) => release === judged.release);
    const isMeasured = judged.comparisons.length > 0 && (!later || later.run < judged.run);
    const measured = isMeasured
      ? [judged, ...others.filter(({ release }) => release !== judged.release)].toSorted((a, b) => b.run - a.run)
      : others;
    const newest = isNewest ? judged : known.newest;
    this.#projects.delete(key);
    this.#projects.set(key, { newest, measured: measured.slice(0, RELEASES_SHOWN) });
    if (this.#projects.size <= PROJECTS_MAX) return;
    const oldest = [...this.#projects].reduce((a, b) => (a[1].newest.run < b[1].newest.run ? a : b));
    this.#projects.delete(oldest[0]);
  }

  /**
   * What is shown in at most `seriesMax` time series: projects judged last come first, verdicts before benchmarks, and
   * newer releases before older ones of any project.
   */
  shown(seriesMax: number): ShownReleases {
    const projects = [...this.#projects.values()].toSorted((a, b) => b.newest.run - a.newest.run);
    let room = seriesMax;
    let omitted = 0;
    const fits = (series: number): boolean => {
      // What does not fit ends it: smaller ones after it would be there by chance.
      if (omitted > 0 || series > room) {
        omitted += series;
        return false;
      }
      room -= series;
      return true;
    };
    const verdicts = projects
      .map(({ newest }) => newest)
      .filter(({ gates }) => fits(VERDICTS.length + 1 + gates.length * GATE_OUTCOMES.length));
    const benchmarks: ShownBenchmark[] = [];
    for (let age = 0; age < RELEASES_SHOWN; age += 1) {
      for (const { measured } of projects) {
        const of = measured[age];
        for (const comparison of of?.comparisons ?? []) {
          const isNewest = age === 0;
          if (!of || !fits(SERIES_OF_BENCHMARK + (isNewest ? BENCHMARK_VERDICTS.length : 0))) continue;
          benchmarks.push({ of, comparison, isNewest, worse: worseOf(comparison) });
        }
      }
    }
    return { verdicts, benchmarks, omitted };
  }
}

/** The ratio is candidate over baseline; where higher is better, its inverse says how much worse. */
function worseOf({ better, effect }: ComparedBenchmark): ShownBenchmark["worse"] {
  if (!effect) return { estimate: null, low: null, high: null };
  const { estimate, low, high } = effect.ratio;
  if (better === "lower") return { estimate, low, high };
  const inverse = (ratio: number | null): number | null => (ratio === null || ratio === 0 ? null : 1 / ratio);
  return { estimate: inverse(estimate), low: inverse(high), high: inverse(low) };
}
