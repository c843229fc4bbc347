import { JOB_TRANSITIONS, type Rule } from "./job-state.ts";

/** The table of job transitions as a Mermaid state diagram, one arrow per pair of states. */
export function jobStateDiagram(): string {
  const arrows = new Map<string, string[]>();
  for (const [from, events] of Object.entries(JOB_TRANSITIONS)) {
    for (const [event, rule] of Object.entries(events) as [string, Rule][]) {
      if (typeof rule === "string") continue;
      for (const to of rule) {
        const arrow = `${from} --> ${to}`;
        arrows.set(arrow, [...(arrows.get(arrow) ?? []), event]);
      }
    }
  }
  const lines = [...arrows].map(([arrow, events]) => `    ${arrow}: ${events.join(", ")}`);
  const starts = ["    [*] --> blocked: it needs other jobs", "    [*] --> ready: it needs none"];
  return ["stateDiagram-v2", ...starts, ...lines].join("\n");
}
