import type { RunView } from "@kiln/proto";
import { line, span, type Line } from "./line.ts";

/** Commands to go on with, each with what it shows. */
export function renderNext(commands: readonly (readonly [command: string, shows: string])[]): readonly Line[] {
  const width = Math.max(...commands.map(([command]) => command.length));
  return [
    line(span("To go on:", "bold")),
    ...commands.map(([command, shows]) => line("  ", span(command.padEnd(width), "accent"), span(`  ${shows}`, "dim"))),
  ];
}

/** What a person may want to do with a run. */
export function nextAfterRun(
  { run, state, verdict, selfComparisonOf }: Pick<RunView, "run" | "state" | "verdict" | "selfComparisonOf">,
  failedJob: string | null,
): readonly (readonly [string, string])[] {
  if (state !== "finished") {
    return [
      [`./kiln watch ${run}`, "follow it to its end"],
      [`./kiln cancel ${run}`, "stop it"],
    ];
  }
  const retry = [`./kiln retry ${run} --failed`, "run again what did not pass"] as const;
  const why = [`./kiln verdict ${run}`, "the gates with their evidence"] as const;
  if (failedJob === null && selfComparisonOf !== null) {
    return [[`./kiln verdict ${selfComparisonOf}`, "how often the gate was wrong, beside its benchmarks"]];
  }
  if (failedJob === null) {
    return [
      why,
      [`./kiln show ${run} --jobs`, "the run with all of its jobs"],
      verdict === "pass" ? ["./kiln agents", "the machines it ran on"] : retry,
    ];
  }
  return [
    [`./kiln logs ${run} ${failedJob}`, "the whole log"],
    [`./kiln show ${run} ${failedJob}`, "attempts, steps and artifacts"],
    why,
    retry,
  ];
}
