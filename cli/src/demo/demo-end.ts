import type { VerdictView } from "@kiln/proto";
import { oneLine } from "../render/plain-text.ts";
import { changeText } from "../render/verdict/value-text.ts";

type Command = readonly [command: string, does: string];

export interface DemoEnd {
  /** What came of the candidate, for a maintainer. */
  readonly said: readonly string[];
  readonly next: readonly Command[];
}

/** The last words of a demo: what was stopped, by how much, where, and what to do about it. */
export function demoEnd(view: VerdictView, regress: boolean): DemoEnd {
  const { run, verdict, candidate } = view;
  const who = `${oneLine(candidate.name)} ${candidate.version ?? ""}`.trim();
  const gates: Command = [`./kiln verdict ${run}`, "every gate with its evidence"];
  const worse = view.comparisons.filter(({ outcome }) => outcome === "regressed");
  const regression = view.gates.find(({ id }) => id === "G22");
  if (verdict === "fail" && worse.length > 0) {
    const commands: Command[] = worse.map((one) => [
      `./kiln bisect ${run} ${one.benchmark}`,
      "find the commit that made it slower (in a git checkout of yours)",
    ]);
    const waive: Command = [`./kiln waive ${run} G22 --reason WHY --expires DAY`, "answer for it, until that day"];
    return {
      said: [
        `${who} is stopped by ${regression?.id ?? "G22"} ${regression?.name ?? ""}`.trim() + ":",
        ...worse.map(regressionText),
      ],
      next: [gates, ...commands, waive],
    };
  }
  if (verdict === "fail") return { said: [`${who} is stopped: ${oneLine(view.reason)}`], next: [gates] };
  if (verdict === "inconclusive") {
    const why = view.comparisons.find(({ outcome }) => outcome === "invalid")?.reason ?? view.reason;
    return {
      said: [
        `${who} was not judged, which is no pass: ${oneLine(why)}.`,
        "A benchmark needs a machine that does nothing else meanwhile.",
      ],
      next: [[regress ? "./kiln demo --regress" : "./kiln demo", "again, when this machine is quiet"], gates],
    };
  }
  const missed = regress ? " The slowdown was not seen: tell the maintainers of Kiln." : "";
  const told = view.comparisons.map(
    ({ benchmark, baseline }) => `${oneLine(benchmark)} is no slower than in ${baseline ?? "?"}`,
  );
  return {
    said: [`${who} may be released: ${told.length === 0 ? oneLine(view.reason) : told.join(", ")}.${missed}`],
    next: [regress ? gates : ["./kiln demo --regress", "see a candidate being stopped"]],
  };
}

function regressionText({ benchmark, baseline, cell, effect, better }: VerdictView["comparisons"][number]): string {
  const what = better === "lower" ? "takes more" : "gives less";
  if (!effect) return `${oneLine(benchmark)} ${what} than in ${baseline ?? "?"}, in ${cell}.`;
  const { estimate, low, high } = effect.ratio;
  const change = `${changeText(estimate)} (between ${changeText(low)} and ${changeText(high)})`;
  return `${oneLine(benchmark)} ${what} than in ${baseline ?? "?"}: ${change}, in ${cell}, confirmed by ${effect.pairs} fresh pairs of processes.`;
}
