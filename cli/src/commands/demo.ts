import { join } from "node:path";
import { exitCodeOfVerdict } from "../exit-code.ts";
import { findFarmAddress } from "../farm/address.ts";
import { FarmClient, isPassing } from "../farm/client.ts";
import { connectFarm } from "../farm/connect.ts";
import { findHome } from "../farm/home.ts";
import { upstreamSettings } from "../package-index/upstream-settings.ts";
import { examples, type CliCommand } from "../program/command.ts";
import type { Context } from "../program/context.ts";
import { chooseReporter } from "../progress/choose-reporter.ts";
import { describeRun } from "../progress/run-end.ts";
import { watchRun, type Watched } from "../progress/watch-run.ts";
import { isFailed } from "../render/cell-state.ts";
import { duration } from "../render/duration.ts";
import { nextAfterRun } from "../render/next-commands.ts";
import { freePorts } from "../supervise/ports.ts";
import { REPOSITORY } from "../supervise/repository.ts";
import { startFarm, type RunningFarm } from "../supervise/start-farm.ts";
import { submitSource } from "./submit.ts";

const EXAMPLE = join(REPOSITORY, "examples", "hello-native");

export const command: CliCommand = {
  configure(command) {
    command.addHelpText(
      "after",
      `
Submits examples/hello-native, a small package with a C++ extension, to the farm that is running; where none is,
starts one for as long as the demo takes.
` +
        examples(
          ["./kiln demo", "build and test it on every CPython that is found"],
          ["./kiln demo --json", "{ run, farm, timings }: the run as the farm's API has it, times in milliseconds"],
        ),
    );
  },
  async run(context) {
    const running = await isFarmRunning(context);
    const farm = running ? null : await startEmbedded(context);
    const readyAtMs = context.nowMs();
    try {
      const work = submitAndWatch(context, farm !== null);
      // A farm whose processes cannot be kept running will not finish the run.
      const watched = await (farm === null
        ? work
        : Promise.race([work, farm.failed.then((error) => Promise.reject(error))]));
      const timings = timingsOf(watched, readyAtMs, context.nowMs());
      context.out.document({ run: watched.view, farm: running ? "running" : "embedded", timings });
      await describe(context, watched, timings, farm !== null);
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

function timingsOf(watched: Watched, readyAtMs: number, endAtMs: number): Timings {
  const since = (atMs: number): number => Math.round(atMs - performance.timeOrigin);
  return {
    farmReadyMs: since(readyAtMs),
    firstJobStartedMs: watched.firstStartedAtMs === null ? null : since(watched.firstStartedAtMs),
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

async function submitAndWatch(context: Context, embedded: boolean): Promise<Watched> {
  const client = await connectFarm(context);
  const { run } = await submitSource(context, client, {
    source: EXAMPLE,
    specFile: null,
    indexUrl: null,
    release: null,
    // What it shows is the work.
    reuse: "never",
  });
  const hint = embedded ? "Ctrl-C stops the demo and its farm." : "Ctrl-C stops watching; the run goes on.";
  return watchRun(context, { run, known: true }, chooseReporter(context, hint));
}

async function describe(context: Context, { view }: Watched, timings: Timings, embedded: boolean): Promise<void> {
  if (context.json) return;
  const failed = view.jobs.find(isFailed)?.name ?? null;
  const next = embedded
    ? ([
        ["./kiln up", "keep a farm running; then:"],
        [`./kiln show ${view.run}`, "this run again: it is kept"],
        [`./kiln logs ${view.run} ${failed ?? view.jobs.at(-1)?.name ?? "JOB"}`, "a job's whole log"],
        ["./kiln submit YOUR/PROJECT --wait", "the same for a project of yours"],
      ] as const)
    : nextAfterRun(view, failed);
  context.out.lines(await describeRun(context, await connectFarm(context), view, next));
  const first =
    timings.firstJobStartedMs === null ? "" : `first job started after ${duration(timings.firstJobStartedMs)}, `;
  context.out.text(
    "",
    `Timings: farm ready after ${duration(timings.farmReadyMs)}, ${first}all done after ${duration(timings.totalMs)}.`,
  );
}
