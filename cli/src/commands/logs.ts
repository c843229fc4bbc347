import { once } from "node:events";
import { EXIT } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import type { FarmClient } from "../farm/client.ts";
import { LineTimes } from "../farm/line-times.ts";
import { readLog, type LogChunk, type LogRequest } from "../farm/log-stream.ts";
import { followRun } from "../farm/run-events.ts";
import { CliError, usageError } from "../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import type { Context } from "../program/context.ts";
import { findRun } from "../program/run-reference.ts";

interface Options {
  readonly follow?: boolean;
  readonly attempt?: string;
  readonly tail?: string;
  readonly step?: string;
  readonly timestamps?: boolean;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<run>", "run, for example r3, or last")
      .argument("<job>", "job, for example test-cp312-linux-x86_64")
      .option("-f, --follow", "wait for what is still to come, until the attempt ends")
      .option("--attempt <number>", "an earlier attempt; default: the newest")
      .option("--tail <lines>", "only the last lines, so many, and with -f what follows")
      .option("--step <step>", "only one step: its number from 1, or the beginning of its title")
      .option("--timestamps", "the time at which a line came before each")
      .addHelpText(
        "after",
        examples(
          ["./kiln logs r3 build-cp312-linux-x86_64", "the bytes as the job wrote them, with its colours"],
          ["./kiln logs last test-cp312-linux-x86_64 -f", "as they come"],
          ["./kiln logs r3 test-cp312-linux-x86_64 | cat -v", "with control characters made visible"],
          ["./kiln logs last test-cp312-linux-x86_64 --tail 100 -f", "the last 100 lines, and what follows"],
          ['./kiln logs r3 build-cp312-linux-x86_64 --step "build the wheel"', "the output of one step"],
          ["./kiln logs r3 test-cp312-linux-x86_64 --timestamps", "to a tenth of a second"],
          ["./kiln logs r3 test-cp312-linux-x86_64 --json", "{ run, job, attempt, log }"],
        ) + FARM_HELP,
      );
  },
  async run(context, args, options) {
    const attempt = parseAttempt(options.attempt);
    const tail = parseTail(options.tail);
    if (tail !== null && options.step !== undefined) throw usageError("Give --tail or --step, not both.");
    const connect = () => connectFarm(context);
    const run = await findRun(argument(args, 0), connect);
    const job = argument(args, 1);
    const follow = options.follow === true;
    const view = await (await connect()).job(run, job);
    if (view.reusedFrom !== null) {
      context.out.note(`${job} was not run in ${run}: this is its log of ${view.reusedFrom.run}.`);
    } else if (view.history.length === 0) {
      const state = view.outcome ?? view.state;
      if (!follow || view.state === "finished") {
        throw new CliError(`${job} of ${run} has no log: no attempt was made (${state}). ${view.summary}`.trim(), {
          advice: view.state === "finished" ? "" : "Wait for it with -f.",
        });
      }
      context.out.note(`${job} has not started yet (${state}); waiting.`);
      await waitForAttempt(context, run, job);
    }
    const part =
      options.step === undefined ? {} : await partOf(options.step, { client: await connect(), run, job, attempt });
    const signal = context.interrupted;
    const request: LogRequest = { connect, run, job, attempt, follow, signal, ...part, ...(tail ? { tail } : {}) };
    const log = options.timestamps === true ? withTimes(request) : readLog(request);
    if (context.json) await printDocument(context, request, log);
    else for await (const { bytes } of log) await write(bytes);
    return EXIT.passed;
  },
};

function parseAttempt(text: string | undefined): number | null {
  if (text === undefined) return null;
  const attempt = Number(text);
  if (/^\d+$/.test(text) && attempt >= 1 && attempt <= 1_000_000) return attempt;
  throw usageError(`--attempt ${text} is not a number from 1.`);
}

function parseTail(text: string | undefined): number | null {
  if (text === undefined) return null;
  const lines = Number(text);
  if (/^\d+$/.test(text) && lines >= 1 && lines <= 1_000_000) return lines;
  throw usageError(`--tail ${text} is not a number from 1 to 1000000.`);
}

interface StepPlace {
  readonly client: FarmClient;
  readonly run: string;
  readonly job: string;
  readonly attempt: number | null;
}

/** Which bytes of the log a step wrote. The last one may go on. */
async function partOf(wanted: string, place: StepPlace): Promise<Pick<LogRequest, "from" | "to">> {
  const { history, reusedAttempt } = await place.client.job(place.run, place.job);
  const attempts = reusedAttempt ? [reusedAttempt] : history;
  const found = place.attempt === null ? attempts.at(-1) : attempts.find(({ attempt }) => attempt === place.attempt);
  const steps = found?.steps ?? [];
  const index = /^\d+$/.test(wanted)
    ? Number(wanted) - 1
    : steps.findIndex(({ title }) => title.toLowerCase().startsWith(wanted.toLowerCase()));
  const step = steps[index];
  if (!step) {
    const list = steps.map(({ title }, n) => `${n + 1} ${title}`).join(", ");
    throw new CliError(`${place.job} of ${place.run} has no step ${wanted}.`, {
      advice: list === "" ? "It has no steps yet." : `Its steps: ${list}.`,
    });
  }
  const next = steps[index + 1];
  return next ? { from: step.logOffset, to: next.logOffset } : { from: step.logOffset };
}

async function* withTimes(request: LogRequest): AsyncGenerator<LogChunk> {
  const { connect, run, job } = request;
  let stamps: LineTimes | null = null;
  for await (const { attempt, offset, bytes } of readLog(request)) {
    stamps ??= new LineTimes(async (from) => (await connect()).logTimes(run, job, attempt, from));
    yield { attempt, offset, bytes: await stamps.stamp(offset, bytes) };
  }
}

/** Waits until the job is given to an agent. */
async function waitForAttempt(context: Context, run: string, name: string): Promise<void> {
  const connect = () => connectFarm(context);
  for await (const change of followRun({ connect, run, known: true, signal: context.interrupted })) {
    const jobs =
      change.kind === "view"
        ? change.view.jobs
        : change.kind === "event" && change.event.type === "job"
          ? [change.event.job]
          : [];
    const job = jobs.find((each) => each.name === name);
    if (job === undefined) continue;
    if (job.attempts > 0) return;
    if (job.state === "finished")
      throw new CliError(`${name} ended without an attempt: ${job.outcome}. ${job.summary}`.trim());
  }
}

/** One document, written as it comes: a log may be larger than what fits into memory. */
async function printDocument(context: Context, request: LogRequest, log: AsyncIterable<LogChunk>): Promise<void> {
  const { run, job } = request;
  const decoder = new TextDecoder();
  const inString = (text: string): string => JSON.stringify(text).slice(1, -1);
  let begun = false;
  const begin = (attempt: number | null): string => {
    begun = true;
    return `${JSON.stringify({ run, job, attempt }).slice(0, -1)},"log":"`;
  };
  for await (const { attempt, bytes } of log) {
    const head = begun ? "" : begin(attempt);
    await write(head + inString(decoder.decode(bytes, { stream: true })));
  }
  await write(`${begun ? "" : begin(request.attempt)}${inString(decoder.decode())}"}\n`);
  context.interrupted.throwIfAborted();
}

/** Waits where the reader is slower than the farm. */
async function write(data: Uint8Array | string): Promise<void> {
  if (!process.stdout.write(data)) await once(process.stdout, "drain");
}
