import { EXIT } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { findRun } from "../program/run-reference.ts";

export const command: CliCommand = {
  configure(command) {
    command
      .argument("<run>", "run, for example r3, or last")
      .addHelpText(
        "after",
        examples(
          ["./kiln cancel r3", "stops what runs, and drops what waits"],
          ["./kiln cancel last --json", "the run as it is then"],
        ) + FARM_HELP,
      );
  },
  async run(context, args) {
    const client = await connectFarm(context);
    const run = await findRun(argument(args, 0), async () => client);
    const view = await client.cancel(run);
    context.out.document(view);
    context.out.text(
      view.state === "finished"
        ? `${run} is finished.`
        : `${run} is being cancelled; ./kiln watch ${run} shows its end.`,
    );
    return EXIT.passed;
  },
};
