import type { AgentView } from "@kiln/proto";
import { pythonsOf } from "./agents-table.ts";
import { count } from "./count.ts";
import { line, span, type Line } from "./line.ts";
import { oneLine } from "./plain-text.ts";
import { wrapText } from "./width.ts";

export interface FarmSummary {
  readonly httpUrl: string;
  readonly homeDir: string;
  readonly logsDir: string;
  readonly agents: readonly AgentView[];
}

const LABEL_WIDTH = 9;

/** A farm that has just become ready. */
export function renderFarm(farm: FarmSummary, width: number): readonly Line[] {
  const entry = (label: string, text: string): readonly Line[] =>
    wrapText(text, Math.max(20, width - LABEL_WIDTH - 2)).map((part, index) =>
      line("  ", span((index === 0 ? label : "").padEnd(LABEL_WIDTH), "dim"), part),
    );
  const online = farm.agents.filter((agent) => agent.state === "online");
  return [
    line("Farm ready at ", span(farm.httpUrl, "accent")),
    ...(online.length === 0 ? entry("agent", "none: nothing will run until one registers") : []),
    ...online.flatMap((agent) => {
      const pythons = pythonsOf(agent);
      return [
        ...entry("agent", `${oneLine(agent.name)}, ${count(agent.slots, "slot")}, ${agent.os}-${agent.arch}`),
        ...entry(
          "Pythons",
          pythons.length === 0 ? "none found: ./kiln doctor says what is missing" : pythons.join(" "),
        ),
      ];
    }),
    ...entry("home", farm.homeDir),
    ...entry("logs", farm.logsDir),
    line("Press Ctrl-C to stop."),
  ];
}
