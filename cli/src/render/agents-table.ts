import type { AgentView } from "@kiln/proto";
import { bytes } from "./bytes.ts";
import { ago } from "./duration.ts";
import { line, span, type Line, type Span } from "./line.ts";
import { comparePythons } from "./compare-pythons.ts";
import { oneLine } from "./plain-text.ts";
import type { Symbols } from "./symbols.ts";
import { renderTable } from "./table.ts";
import { wrapText } from "./width.ts";

/** The farm's agents with what they have, and below them what is wrong with each. */
export function renderAgents(
  agents: readonly AgentView[],
  width: number,
  nowMs: number,
  symbols: Symbols,
): readonly Line[] {
  if (agents.length === 0) return [line("No agent has registered. ./kiln up starts one on this machine.")];
  const rows = agents.map((agent) => [
    line(oneLine(agent.name)),
    line(agent.state === "online" ? standing(agent, symbols) : absence(agent, nowMs, symbols)),
    line(`${agent.busy}/${agent.slots}`),
    line(`${agent.os}-${agent.arch}`),
    line(pythonsOf(agent).join(" ")),
    line(`${agent.cpuCores} cores, ${bytes(agent.memoryBytes)}, ${bytes(agent.diskFreeBytes)} free`),
  ]);
  const columns = [
    { title: "agent", shrinks: true },
    { title: "state" },
    { title: "busy" },
    { title: "platform" },
    { title: "Pythons", shrinks: true, minWidth: 12 },
    { title: "machine", optional: true },
  ];
  const lines: Line[] = [...renderTable({ columns, rows }, width, symbols.ellipsis)];
  for (const agent of agents) {
    for (const problem of agent.problems) {
      const [first = "", ...rest] = wrapText(`${oneLine(problem.subject)}: ${oneLine(problem.message)}`, width - 2);
      lines.push(line(span(`${symbols.warn} `, "warn"), first), ...rest.map((text) => line("  ", text)));
    }
  }
  return lines;
}

/** Since when an agent is not there, and whether it ever may be again. */
export function absence(
  { revoked, lastSeenMs }: Pick<AgentView, "revoked" | "lastSeenMs">,
  nowMs: number,
  symbols: Symbols,
): Span {
  if (revoked) return span(`${symbols.bad} revoked ${ago(nowMs - revoked.atMs)}`, "bad");
  return span(`${symbols.bad} offline, seen ${ago(nowMs - lastSeenMs)}`, "bad");
}

/** What an agent that is there may do, and how well it is. */
function standing({ mode, health }: AgentView, symbols: Symbols): Span {
  if (health.name === "quarantined") return span(`${symbols.bad} quarantined`, "bad");
  if (mode.name !== "active") return span(`${symbols.warn} ${mode.name}`, "warn");
  if (health.name === "suspect") return span(`${symbols.warn} suspect`, "warn");
  return span(`${symbols.good} online`, "good");
}

/** Feature versions that an agent can build for, each once, in order. */
export function pythonsOf(agent: AgentView): readonly string[] {
  return [...new Set(agent.pythons.map((python) => python.feature))].toSorted(comparePythons);
}
