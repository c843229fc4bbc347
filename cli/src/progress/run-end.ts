import type { JobView, RunView } from "@kiln/proto";
import type { FarmClient } from "../farm/client.ts";
import type { Context } from "../program/context.ts";
import { isFailed } from "../render/cell-state.ts";
import { renderExclusions } from "../render/exclusions.ts";
import { renderFailures } from "../render/failures.ts";
import { line, span, type Line } from "../render/line.ts";
import { gridOfRun, renderGrid } from "../render/matrix-grid.ts";
import { nextAfterRun, renderNext } from "../render/next-commands.ts";
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
  const { columns, symbols } = context.out;
  const failed = view.jobs.filter(isFailed);
  const details = await detailsOf(
    client,
    view.run,
    failed.slice(0, DETAILS_MAX).map((job) => job.name),
  );
  const shown = failed.slice(0, DETAILS_MAX).map((job) => ({ job, detail: details.get(job.name) ?? null }));
  const others = failed.slice(DETAILS_MAX).map((job) => job.name);
  const excluded = view.excluded.map((cell) => ({ ...cell, name: cell.cell }));
  const parts: readonly (readonly Line[])[] = [
    renderRunHeader(view, context.nowMs(), symbols),
    renderGrid(gridOfRun(view, symbols), columns),
    renderExclusions(excluded, columns),
    renderFailures(shown, columns, symbols),
    others.length === 0 ? [] : [line(span(`and ${others.length} more: `, "bold"), others.join(", "))],
    view.state === "finished" ? renderVerdict(view, symbols) : [],
    renderNext(next ?? nextAfterRun(view, failed[0]?.name ?? null)),
  ];
  return parts.filter((part) => part.length > 0).flatMap((part, index) => (index === 0 ? part : [[], ...part]));
}

async function detailsOf(
  client: FarmClient,
  run: string,
  jobs: readonly string[],
): Promise<ReadonlyMap<string, JobView>> {
  const details = await Promise.all(jobs.map((job) => client.job(run, job)));
  return new Map(details.map((detail) => [detail.name, detail]));
}
