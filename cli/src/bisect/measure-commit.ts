import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VerdictView } from "@kiln/proto";
import { submitSource } from "../commands/submit.ts";
import { isPassing } from "../farm/client.ts";
import { connectFarm } from "../farm/connect.ts";
import { FarmRefusal } from "../farm/problem.ts";
import { CliError } from "../program/cli-error.ts";
import type { Context } from "../program/context.ts";
import { SILENT_REPORTER } from "../progress/reporter.ts";
import { watchRun } from "../progress/watch-run.ts";
import { writeCommit, type Commit } from "./history.ts";
import type { CommitMeasured } from "./search-commits.ts";

export interface CommitTask {
  /** The project's folder in a git repository. */
  readonly folder: string;
  /** The spec of one cell, measured against one release. */
  readonly spec: string;
  readonly benchmark: string;
  readonly baseline: string;
  /** Files of the benchmark, which every commit gets as `bad` has them. */
  readonly overlay: { readonly bad: string; readonly files: readonly string[] };
}

/** Sends one commit through the farm and gives how it compares with the release. */
export async function measureCommit(context: Context, task: CommitTask, commit: Commit): Promise<CommitMeasured> {
  const folder = await mkdtemp(join(tmpdir(), "kiln-bisect-"));
  try {
    const source = join(folder, "source");
    const specFile = join(folder, "kiln.yaml");
    await writeCommit(task.folder, commit, source, task.overlay);
    await writeFile(specFile, task.spec);
    const client = await connectFarm(context);
    const { run } = await submitSource(context, client, {
      ...{ source, specFile, indexUrl: null, release: null, reuse: null, unversioned: true },
    });
    context.out.note(`${commit.hash.slice(0, 12)} is measured in ${run}: ${commit.subject}`);
    const goesOn = (): void => context.out.note(`${run} goes on; ./kiln cancel ${run} stops it.`);
    await watchRun(context, { run, known: true }, SILENT_REPORTER, goesOn);
    return measuredOf(await client.verdict(run), task);
  } catch (error) {
    // What the farm refuses, or does not answer, is nothing of this commit's.
    if (!(error instanceof CliError) || error instanceof FarmRefusal || isPassing(error)) throw error;
    return { kind: "unmeasured", run: null, reason: error.message, again: false };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a run of one cell says of the benchmark. Throws when the farm has lost the release to compare with. */
export function measuredOf(
  view: VerdictView,
  { benchmark, baseline }: Pick<CommitTask, "benchmark" | "baseline">,
): CommitMeasured {
  const { run } = view;
  const found = view.comparisons.find((one) => one.benchmark === benchmark);
  if (found?.outcome === "no-baseline") {
    throw new CliError(
      `There is no wheel of ${baseline} for this cell any more, which ${run} was to be compared with: ${found.reason}.`,
      {
        advice: `Submit ${baseline} again; ./kiln pin RUN keeps what a run made.`,
      },
    );
  }
  if (found && found.differences.length > 0 && found.outcome !== "invalid") {
    return { kind: "measured", run, differences: found.differences };
  }
  const spoiled = view.comparisons.find(({ outcome }) => outcome === "invalid");
  if (spoiled) return { kind: "unmeasured", run, reason: spoiled.reason, again: true };
  const reason = found
    ? found.reason
    : view.comparisons.length === 0
      ? view.reason
      : `it has no benchmark ${benchmark}`;
  return { kind: "unmeasured", run, reason, again: false };
}
