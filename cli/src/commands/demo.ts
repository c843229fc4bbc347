import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VerdictView } from "@kiln/proto";
import { demoEnd } from "../demo/demo-end.ts";
import {
  CANDIDATE,
  candidateSpec,
  copyExample,
  newestCell,
  RELEASED,
  releasedSpec,
  SLOWDOWN,
  type DemoCell,
} from "../demo/example-release.ts";
import { exitCodeOfVerdict } from "../exit-code.ts";
import { findFarmAddress } from "../farm/address.ts";
import { FarmClient, isPassing } from "../farm/client.ts";
import { connectFarm } from "../farm/connect.ts";
import { findHome } from "../farm/home.ts";
import { upstreamSettings } from "../package-index/upstream-settings.ts";
import { examples, type CliCommand } from "../program/command.ts";
import { CliError } from "../program/cli-error.ts";
import type { Context } from "../program/context.ts";
import { chooseReporter } from "../progress/choose-reporter.ts";
import { describeRun } from "../progress/run-end.ts";
import { watchRun, type Watched } from "../progress/watch-run.ts";
import { isFailed } from "../render/cell-state.ts";
import { duration } from "../render/duration.ts";
import { line } from "../render/line.ts";
import { nextAfterRun, renderNext } from "../render/next-commands.ts";
import { wrapText } from "../render/width.ts";
import { freePorts } from "../supervise/ports.ts";
import { REPOSITORY } from "../supervise/repository.ts";
import { startFarm, type RunningFarm } from "../supervise/start-farm.ts";
import { submitSource } from "./submit.ts";

const EXAMPLE = join(REPOSITORY, "examples", "hello-native");

interface Options {
  readonly regress?: boolean;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .option("--regress", `make the candidate's total() do ${SLOWDOWN.percent} % more work, to see it being stopped`)
      .addHelpText(
        "after",
        `
Submits examples/hello-native, a small package with a C++ extension, to the farm that is running; where none is,
starts one for as long as the demo takes. First ${RELEASED}, as the release to compare with, on the newest Python; then the
candidate ${CANDIDATE} on every one, with its benchmark beside the release. The exit code is the candidate's verdict.
` +
          examples(
            ["./kiln demo", "build and test it on every CPython that is found"],
            ["./kiln demo --regress", "the same with a candidate that is slower, and is stopped for it"],
            [
              "./kiln demo --json",
              "{ run, verdict, released, farm, timings }: as the farm's API has them, times in milliseconds",
            ],
          ),
      );
  },
  async run(context, _args, { regress = false }) {
    const running = await isFarmRunning(context);
    const farm = running ? null : await startEmbedded(context);
    const readyAtMs = context.nowMs();
    try {
      const work = releaseAndCompare(context, farm !== null, regress);
      // A farm whose processes cannot be kept running will not finish the run.
      const { released, firstStartedAtMs, watched, verdict } = await (farm === null
        ? work
        : Promise.race([work, farm.failed.then((error) => Promise.reject(error))]));
      const timings = timingsOf(firstStartedAtMs, readyAtMs, context.nowMs());
      context.out.document({ run: watched.view, verdict, released, farm: running ? "running" : "embedded", timings });
      await describe(context, watched, timings, { embedded: farm !== null, verdict, regress });
      return exitCodeOfVerdict(watched.view.verdict);
    } finally {
      await farm?.stop();
    }
  },
};

/** Milliseconds since this process began. */
interface Timings {
  readonly farmReadyMs: number;
  /** null when no job started. */
  readonly firstJobStartedMs: number | null;
  readonly totalMs: number;
}

function timingsOf(firstStartedAtMs: number | null, readyAtMs: number, endAtMs: number): Timings {
  const since = (atMs: number): number => Math.round(atMs - performance.timeOrigin);
  return {
    farmReadyMs: since(readyAtMs),
    firstJobStartedMs: firstStartedAtMs === null ? null : since(firstStartedAtMs),
    totalMs: since(endAtMs),
  };
}

async function isFarmRunning(context: Context): Promise<boolean> {
  const address = await findFarmAddress(context.env);
  if (address === null) return false;
  try {
    await new FarmClient(address, context.interrupted).farm();
    return true;
  } catch (error) {
    // A farm.json that its farm left behind is as good as none; a farm that was named must answer.
    if (!isPassing(error) || address.from === "KILN_URL") throw error;
    return false;
  }
}

async function startEmbedded(context: Context): Promise<RunningFarm> {
  context.out.note("No farm is running: starting one for this demo.");
  const note = (text: string): void => context.out.note(text);
  return startFarm({
    home: findHome(context.env),
    ports: await freePorts(),
    env: context.env,
    coordinatorEnv: upstreamSettings(context.env, note),
    agent: true,
    slots: null,
    nowMs: context.nowMs,
    note,
    signal: context.interrupted,
    killSignal: context.interruptedAgain,
  });
}

interface Compared {
  /** The run of the release that was compared with. */
  readonly released: string;
  /** As a Watched has it, of the release's run: the demo's first. */
  readonly firstStartedAtMs: number | null;
  readonly watched: Watched;
  readonly verdict: VerdictView;
}

/** Makes the release, then the candidate that is compared with it. */
async function releaseAndCompare(context: Context, embedded: boolean, regress: boolean): Promise<Compared> {
  const client = await connectFarm(context);
  const cell = newestCell((await client.farm()).pythons);
  if (cell === null) {
    throw new CliError("The farm serves no CPython 3 that the example could be built with.", {
      advice: "./kiln agents lists its machines; ./kiln doctor says what this one lacks.",
    });
  }
  const folder = await mkdtemp(join(tmpdir(), "kiln-demo-"));
  const hint = embedded ? "Ctrl-C stops the demo and its farm." : "Ctrl-C stops watching; the run goes on.";
  const through = async (submission: DemoSubmission): Promise<Watched> => {
    const run = await submitCopy(context, client, folder, submission);
    return watchRun(context, { run, known: true }, chooseReporter(context, hint));
  };
  try {
    context.out.note(`First ${RELEASED}, the release to compare with, on CPython ${cell.python}.`);
    // Only there to be compared with: a build of an earlier demo does as well.
    const { view, firstStartedAtMs } = await through({ version: RELEASED, spec: releasedSpec(cell), reuse: null });
    if (view.verdict !== "pass") {
      throw new CliError(`${view.run}, the release to compare with, did not pass: ${view.reason ?? "no verdict"}`, {
        advice: `./kiln show ${view.run} says why.`,
      });
    }
    context.out.note(candidateNote(cell, regress));
    // What it shows is the work.
    const watched = await through({ version: CANDIDATE, spec: candidateSpec(cell, regress), reuse: "never" });
    return { released: view.run, firstStartedAtMs, watched, verdict: await client.verdict(watched.view.run) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function candidateNote({ python }: DemoCell, regress: boolean): string {
  const slower = regress
    ? `; it is built with ${SLOWDOWN.variable}=${SLOWDOWN.percent}, so that its total() does ${SLOWDOWN.percent} % more work`
    : "";
  return `Now the candidate ${CANDIDATE} on every CPython, with its benchmark beside ${RELEASED} on CPython ${python}${slower}.`;
}

interface DemoSubmission {
  readonly version: string;
  readonly spec: string;
  readonly reuse: "never" | null;
}

async function submitCopy(
  context: Context,
  client: FarmClient,
  folder: string,
  { version, spec, reuse }: DemoSubmission,
): Promise<string> {
  const source = join(folder, version);
  const specFile = join(folder, `${version}.yaml`);
  await copyExample(EXAMPLE, source, version);
  await writeFile(specFile, spec);
  const { run } = await submitSource(context, client, { source, specFile, indexUrl: null, release: null, reuse });
  return run;
}

interface Shown {
  readonly embedded: boolean;
  readonly verdict: VerdictView;
  readonly regress: boolean;
}

async function describe(context: Context, { view }: Watched, timings: Timings, shown: Shown): Promise<void> {
  if (context.json) return;
  const { out } = context;
  const { said, next } = demoEnd(shown.verdict, shown.regress);
  const failed = view.jobs.find(isFailed)?.name ?? null;
  const more = shown.embedded
    ? ([
        ["./kiln up", "keep a farm running: its runs are kept, and these commands need it"],
        [`./kiln logs ${view.run} ${failed ?? view.jobs.at(-1)?.name ?? "JOB"}`, "a job's whole log"],
        ["./kiln submit YOUR/PROJECT --wait", "the same for a project of yours"],
      ] as const)
    : nextAfterRun(view, failed);
  out.lines(await describeRun(context, await connectFarm(context), view, []));
  const first =
    timings.firstJobStartedMs === null ? "" : `first job started after ${duration(timings.firstJobStartedMs)}, `;
  out.text(
    "",
    `Timings: farm ready after ${duration(timings.farmReadyMs)}, ${first}all done after ${duration(timings.totalMs)}.`,
    "",
  );
  out.lines(said.flatMap((text) => wrapText(text, out.columns)).map((text) => line(text)));
  out.lines([[], ...renderNext([...new Map([...more, ...next]).entries()])]);
}
