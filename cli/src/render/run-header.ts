import type { RunCounts, RunSummary } from "@kiln/proto";
import { count } from "./count.ts";
import { clock } from "./duration.ts";
import { line, span, type Line, type Span, type Tone } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";

/** `markupsafe 3.0.2`; a version that only the build can tell is not guessed. */
export function candidateTitle(candidate: RunSummary["candidate"]): string {
  return oneLine(`${candidate.name} ${candidate.version ?? "(version not known)"}`);
}

/** `12 jobs: 4 passed, 1 failed, 2 active, 5 waiting`; what there is none of is left out. */
export function countsText(counts: RunCounts): string {
  const parts = [
    [counts.passed, "passed"],
    [counts.failed, "failed"],
    [counts.active, "active"],
    [counts.waiting, "waiting"],
    [counts.notRun, "not run"],
  ] as const;
  const text = parts.flatMap(([many, word]) => (many === 0 ? [] : [`${many} ${word}`])).join(", ");
  return `${count(counts.total, "job")}${text === "" ? "" : `: ${text}`}`;
}

/** How long the run has taken, until now or its end. */
export function runMs(run: RunSummary, nowMs: number): number {
  return Math.max(0, (run.finishedAtMs ?? nowMs) - run.submittedAtMs);
}

export function verdictSpan(verdict: RunSummary["verdict"], symbols: Symbols): Span {
  const [mark, word, tone]: readonly [string, string, Tone] =
    verdict === "pass"
      ? [symbols.good, "PASS", "good"]
      : verdict === "fail"
        ? [symbols.bad, "FAIL", "bad"]
        : [symbols.warn, verdict === null ? "NO VERDICT" : "INCONCLUSIVE", "warn"];
  return span(`${mark} ${word}`, tone);
}

/** How a finished run ended: its verdict, unless it measured a release against itself, which has none. */
export function endSpan({ verdict, selfComparisonOf }: RunSummary, symbols: Symbols): Span {
  return selfComparisonOf === null ? verdictSpan(verdict, symbols) : span(`${selfComparisonOf} against itself`, "dim");
}

/** The verdict with its reason. */
export function renderVerdict(run: RunSummary, symbols: Symbols): readonly Line[] {
  const reason = oneLine(run.reason);
  if (run.selfComparisonOf !== null) return [line(span("Found: ", "bold"), reason)];
  return [line(span("Verdict: ", "bold"), verdictSpan(run.verdict, symbols), reason === "" ? "" : `  ${reason}`)];
}

function renderBytesGone({ atMs, rule }: NonNullable<RunSummary["bytesGone"]>): Line {
  const day = new Date(atMs).toISOString().slice(0, 10);
  return line(span(`wheels, source and logs were removed on ${day}: `, "warn"), oneLine(rule));
}

/** What a run is, where its source came from, and how far it is. */
export function renderRunHeader(run: RunSummary, nowMs: number, symbols: Symbols): readonly Line[] {
  const state = run.state === "finished" ? endSpan(run, symbols) : span(run.state, "accent");
  const origin = oneLine(run.candidate.origin);
  const commit = run.candidate.commit === undefined ? "" : `, commit ${run.candidate.commit.slice(0, 12)}`;
  const requires = run.candidate.requiresPython;
  const time = clock(runMs(run, nowMs));
  return [
    line(span(`${run.run}  ${candidateTitle(run.candidate)}`, "bold"), "  ", state),
    ...(origin === "" ? [] : [line(span("from ", "dim"), `${origin}${commit}`)]),
    ...(requires === null ? [] : [line(span("requires Python ", "dim"), oneLine(requires))]),
    line(countsText(run.counts), span(run.state === "finished" ? `; took ${time}` : `; ${time} so far`, "dim")),
    ...(run.pinned ? [line(span("pinned: its wheels, source and logs stay", "dim"))] : []),
    ...(run.bytesGone === null ? [] : [renderBytesGone(run.bytesGone)]),
  ];
}
