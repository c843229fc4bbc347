import type { RunView } from "@kiln/proto";
import { EXIT } from "../exit-code.ts";
import type { FarmClient } from "../farm/client.ts";
import { FarmRefusal } from "../farm/problem.ts";
import { connectFarm } from "../farm/connect.ts";
import { usageError } from "../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { findRun } from "../program/run-reference.ts";
import { countsText } from "../render/run-header.ts";
import { reportWaited } from "./submit.ts";

interface Options {
  readonly failed?: boolean;
  readonly wait?: boolean;
}

/** null when no finished job failed: what is asked for is done already. */
async function retryFailed(client: FarmClient, run: string): Promise<RunView | null> {
  try {
    return await client.retry(run, { only: "failed" });
  } catch (error) {
    if (error instanceof FarmRefusal && error.type === "urn:kiln:problem:nothing-to-retry") return null;
    throw error;
  }
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<run>", "run, for example r3, or last")
      .option("--failed", "every finished job that did not pass (needed: nothing else can be retried)")
      .option("--wait", "follow the run to its end; the exit code is its verdict")
      .addHelpText(
        "after",
        examples(
          ["./kiln retry r3 --failed", "failed jobs, and those that were not run because of them"],
          ["./kiln retry last --failed --wait", "and wait for what comes of it"],
        ) + FARM_HELP,
      );
  },
  async run(context, args, options) {
    if (options.failed !== true)
      throw usageError("retry needs to know what to run again.", "Write: ./kiln retry RUN --failed");
    const client = await connectFarm(context);
    const run = await findRun(argument(args, 0), async () => client);
    const retried = await retryFailed(client, run);
    const view = retried ?? (await client.run(run));
    if (retried === null) context.out.note(`${run} has nothing to run again: ${countsText(view.counts)}.`);
    if (options.wait === true) return reportWaited(context, run);
    context.out.document(view);
    if (retried !== null) context.out.text(`${run} goes on: ${countsText(view.counts)}.`, `./kiln watch ${run}`);
    return EXIT.passed;
  },
};
