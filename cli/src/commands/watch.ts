import { exitCodeOfVerdict, type ExitCode } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import type { Context } from "../program/context.ts";
import { findRun } from "../program/run-reference.ts";
import { chooseReporter } from "../progress/choose-reporter.ts";
import { RecordReporter } from "../progress/record-reporter.ts";
import { describeRun } from "../progress/run-end.ts";
import { watchRun } from "../progress/watch-run.ts";

export const command: CliCommand = {
  configure(command) {
    command
      .argument("<run>", "run, for example r3, or last")
      .addHelpText(
        "after",
        examples(
          ["./kiln watch r3", "a table that is kept up to date until the end"],
          ["./kiln watch last | tee watch.txt", "a line for each change, where there is no terminal"],
          ["./kiln watch r3 --json", "JSON lines: the run, each event, the run at the end"],
        ) + FARM_HELP,
      );
  },
  async run(context, args) {
    const run = await findRun(argument(args, 0), () => connectFarm(context));
    return watchToEnd(context, run);
  },
};

/** Follows a run to its end, says what came of it, and gives its verdict as the exit code. */
export async function watchToEnd(context: Context, run: string): Promise<ExitCode> {
  const reporter = context.json ? new RecordReporter(context) : chooseReporter(context);
  const goesOn = (): void => context.out.note(`${run} goes on; ./kiln watch ${run} follows it again.`);
  const { view } = await watchRun(context, { run, known: false }, reporter, goesOn);
  if (!context.json) context.out.lines(await describeRun(context, await connectFarm(context), view));
  return exitCodeOfVerdict(view.verdict);
}
