import type { JobView, RunView, VerdictView } from "@kiln/proto";
import type { FarmClient } from "../farm/client.ts";
import { FarmRefusal } from "../farm/problem.ts";
import type { Context } from "../program/context.ts";
import { isFailed } from "../render/cell-state.ts";
import { renderReasons } from "../render/exclusions.ts";
import { renderFailures } from "../render/failures.ts";
import { axesOfCells } from "../render/grid/axes-of-cells.ts";
import { renderGrid } from "../render/grid/render-grid.ts";
import { gridOfRun } from "../render/grid/run-grid.ts";
import { line, span, type Line } from "../render/line.ts";
import { nextAfterRun, renderNext } from "../render/next-commands.ts";
import { renderResults } from "../render/results-summary.ts";
import { renderComparisons, renderGates } from "../render/verdict/verdict-report.ts";
import { renderRunHeader, renderVerdict } from "../render/run-header.ts";

/** Failed jobs that are shown with their excerpt; the others are named. */
const DETAILS_MAX = 12;

/** A finished run: the matrix, what was excluded, what failed and why, the verdict, and where to look further. */
export async function describeRun(
  context: Context,
  client: FarmClient,
  view: RunView,
  next: readonly (readonly [command: string, shows: string])[] | null = null,
): Promise<readonly Line[]> {
  const { columns: width, symbols } = context.out;
  const failed = view.jobs.filter(isFailed);
  const details = await detailsOf(
    client,
    view.run,
    failed.slice(0, DETAILS_MAX).map((job) => job.name),
  );
  const shown = failed.slice(0, DETAILS_MAX).map((job) => ({ job, detail: details.get(job.name) ?? null }));
  const unshown = failed.slice(DETAILS_MAX).map((job) => job.name);
  const others = [...view.cells, ...view.reduced];
  const axes = axesOfCells([...others, ...view.excluded]);
  const excluded = view.excluded.map((cell) => ({ ...cell, name: cell.cell }));
  const verdict = view.state === "finished" ? await verdictOf(client, view.run) : null;
  const reasoned = (list: "unknown" | "overridden") => ({
    cells: view.cells.flatMap((each) => each[list].map((why) => ({ name: each.cell, axes: each.axes, ...why }))),
    others: view.cells.filter((each) => each[list].length === 0),
  });
  const parts: readonly (readonly Line[])[] = [
    [...renderRunHeader(view, context.nowMs(), symbols), ...renderResults(view)],
    renderGrid(gridOfRun(view, symbols), { axes, width, symbols, style: "words" }),
    renderReasons({ title: "Excluded", cells: excluded, others, axes, width, symbols }),
    renderReasons({ title: "Not known to be possible", ...reasoned("unknown"), axes, width, symbols }),
    renderReasons({ title: "Planned by an override", ...reasoned("overridden"), axes, width, symbols }),
    renderFailures(shown, width, symbols),
    unshown.length === 0 ? [] : [line(span(`and ${unshown.length} more: `, "bold"), unshown.join(", "))],
    verdict === null ? [] : renderGates(verdict, { width, symbols }),
    verdict === null ? [] : renderComparisons(verdict, { width, symbols }),
    view.state === "finished" ? renderVerdict(view, symbols) : [],
    next?.length === 0 ? [] : renderNext(next ?? nextAfterRun(view, failed[0]?.name ?? null)),
  ];
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : [[], ...part]));
}

/** null: the run was judged before verdicts were kept, or by a farm that keeps none. */
async function verdictOf(client: FarmClient, run: string): Promise<VerdictView | null> {
  try {
    return await client.verdict(run);
  } catch (error) {
    if (error instanceof FarmRefusal && (error.status === 404 || error.status === 409)) return null;
    throw error;
  }
}

async function detailsOf(
  client: FarmClient,
  run: string,
  jobs: readonly string[],
): Promise<ReadonlyMap<string, JobView>> {
  const details = await Promise.all(jobs.map((job) => client.job(run, job)));
  return new Map(details.map((detail) => [detail.name, detail]));
}
