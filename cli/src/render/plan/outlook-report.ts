import type { Plan, Prospect, ProspectGroup } from "@kiln/matrix";
import type { Outlook } from "../../planning/outlook.ts";
import { count } from "../count.ts";
import { describeCells } from "../describe-cells.ts";
import { duration } from "../duration.ts";
import type { GridAxis } from "../grid/axis-label.ts";
import { line, span, type Line } from "../line.ts";
import { oneLine } from "../plain-text.ts";
import type { Symbols } from "../symbols.ts";
import { wrapText } from "../width.ts";

/** How long it takes, and which cells the farm can run. */
export function renderOutlook(
  { time, prospects }: Outlook,
  plan: Plan,
  axes: readonly GridAxis[],
  width: number,
  symbols: Symbols,
): readonly Line[] {
  if (plan.cells.length === 0) return [];
  if (time.kind === "unknown" && prospects.kind === "unknown" && time.why === prospects.why) {
    return wrapped(`Expected time and agents: not known, ${time.why}.`, width);
  }
  return [
    ...wrapped(`Expected time: ${timeText(time)}${time.kind === "known" ? unless(prospects) : ""}.`, width),
    ...(prospects.kind === "unknown"
      ? wrapped(`Agents: not known, ${prospects.why}.`, width)
      : renderProspects(prospects.groups, prospects.agents, { plan, axes, width, symbols })),
  ];
}

interface ProspectOptions {
  readonly plan: Plan;
  readonly axes: readonly GridAxis[];
  readonly width: number;
  readonly symbols: Symbols;
}

/** Groups of one prospect that are told one by one; more are told together. */
const GROUPS_MAX = 4;
/** What is missing, told with its number of cells; the rest is counted. */
const MISSING_MAX = 12;

function renderProspects(
  groups: readonly ProspectGroup[],
  registered: number,
  options: ProspectOptions,
): readonly Line[] {
  const { width } = options;
  if (registered === 0) return wrapped("Agents: none is registered, so that nothing would run.", width);
  if (groups.every(({ prospect }) => prospect === "now")) return wrapped("Agents: every cell can run now.", width);
  const lines: Line[] = [line("Agents:")];
  for (const [prospect, same] of Map.groupBy(groups, (group) => group.prospect)) {
    if (same.length <= GROUPS_MAX) lines.push(...same.flatMap((group) => renderGroup(group, options)));
    else lines.push(...renderTogether(prospect, same, width));
  }
  return lines;
}

/** An estimate of all jobs is one of jobs that somebody runs. */
function unless(prospects: Outlook["prospects"]): string {
  if (prospects.kind === "unknown") return "";
  const never = prospects.groups.filter(({ prospect }) => prospect === "never");
  const cells = never.reduce((sum, group) => sum + group.cells.length, 0);
  return cells === 0 ? "" : `, once there are agents for the ${count(cells, "cell")} that none can run`;
}

function timeText(time: Outlook["time"]): string {
  if (time.kind === "unknown") return `not known, ${time.why}`;
  const { expectedMs, slots, criticalPathMs } = time;
  return `about ${duration(expectedMs)} with ${count(slots, "job")} at a time, at least ${duration(criticalPathMs)} with any number`;
}

function renderGroup(group: ProspectGroup, { plan, axes, width, symbols }: ProspectOptions): readonly Line[] {
  const names = new Set(group.cells);
  const inside = plan.cells.filter((cell) => names.has(cell.name));
  const others = plan.cells.filter((cell) => !names.has(cell.name));
  const which = others.length === 0 ? "" : `: ${describeCells(inside, others, axes, symbols.times).join("; ")}`;
  return [
    ...headline(prospectText(group), group.prospect, width),
    ...wrapText(oneLine(which.replace(/^: /, "")), Math.max(20, width - 4)).map((part) =>
      line("    ", span(part, "dim")),
    ),
  ];
}

/** Many groups as one: how many cells, and for how many of them each thing is missing, or who could run them. */
function renderTogether(prospect: Prospect, groups: readonly ProspectGroup[], width: number): readonly Line[] {
  const cells = groups.reduce((sum, group) => sum + group.cells.length, 0);
  const counts = new Map<string, number>();
  for (const group of groups) {
    for (const missing of prospect === "never" ? group.missing : group.agents) {
      counts.set(missing, (counts.get(missing) ?? 0) + group.cells.length);
    }
  }
  const sorted = [...counts].toSorted((left, right) => right[1] - left[1]);
  const told = sorted.slice(0, MISSING_MAX).map(([what, many]) => `${what} (${count(many, "cell")})`);
  const rest = sorted.length - told.length;
  const texts = [...told, ...(rest === 0 ? [] : [`and ${rest} more: --json has all`])].join(", ");
  const what = prospect === "never" ? "no agent has all that they need" : TOGETHER[prospect];
  return [
    ...headline(`${count(cells, "cell")}: ${what}`, prospect, width),
    ...wrapText(oneLine(prospect === "never" ? `missing: ${texts}` : texts), Math.max(20, width - 4)).map((part) =>
      line("    ", span(part, "dim")),
    ),
  ];
}

const TOGETHER = {
  now: "they can run now",
  "when-free": "they can run when an agent is free",
  "when-online": "they can run when an agent is online",
} as const;

function headline(text: string, prospect: Prospect, width: number): readonly Line[] {
  const tone = prospect === "never" ? "bad" : prospect === "now" ? "good" : "warn";
  return wrapText(oneLine(text), Math.max(20, width - 2)).map((part) => line("  ", span(part, tone)));
}

/** `3 cells need compute capability 9.0 and driver ≥ 525: no agent`. */
function prospectText({ prospect, missing, agents, cells }: ProspectGroup): string {
  const many = count(cells.length, "cell");
  switch (prospect) {
    case "now":
      return `${many} can run now`;
    case "when-free":
      return `${many} can run when one of these is free: ${agents.join(", ")}`;
    case "when-online":
      return `${many} can run when one of these is online: ${agents.join(", ")}`;
    case "never":
      return `${many} ${cells.length === 1 ? "needs" : "need"} ${listed(missing)}: no agent`;
  }
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

function wrapped(text: string, width: number): readonly Line[] {
  return wrapText(text, width).map((part) => line(part));
}
