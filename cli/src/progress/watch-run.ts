import type { RunView } from "@kiln/proto";
import { connectFarm } from "../farm/connect.ts";
import type { FarmClient } from "../farm/client.ts";
import { followRun } from "../farm/run-events.ts";
import type { Context } from "../program/context.ts";
import { applyEvent } from "./apply-event.ts";
import type { Reporter } from "./reporter.ts";

export interface Watched {
  readonly view: RunView;
  /** Unix milliseconds by the farm's clock; null when no job started. */
  readonly firstStartedAtMs: number | null;
}

/** A run to follow. */
export interface WatchedRun {
  readonly run: string;
  /** The farm has said that it is there: a farm that does not answer now will. */
  readonly known: boolean;
}

/** Follows a run to its end, telling a reporter; at Ctrl-C calls `onInterrupt` and throws Interrupted. */
export async function watchRun(
  context: Context,
  { run, known }: WatchedRun,
  reporter: Reporter,
  onInterrupt: () => void = () => {},
): Promise<Watched> {
  const connect = (): Promise<FarmClient> => connectFarm(context);
  let view: RunView | null = null;
  try {
    for await (const change of followRun({ connect, run, known, signal: context.interrupted })) {
      if (change.kind === "broken") {
        reporter.broken(change.why);
      } else if (change.kind === "view") {
        view = change.view;
        reporter.view(view);
      } else if (view !== null) {
        const before: RunView = view;
        view = applyEvent(before, change.event);
        reporter.event(change.event, before, view);
      }
    }
  } finally {
    reporter.close();
    if (context.interrupted.aborted) onInterrupt();
  }
  if (view === null) throw new Error("a run was followed without a view of it");
  const started = view.jobs.flatMap((job) => (job.startedAtMs === null ? [] : [job.startedAtMs]));
  return { view, firstStartedAtMs: view.startedAtMs ?? (started.length === 0 ? null : Math.min(...started)) };
}
