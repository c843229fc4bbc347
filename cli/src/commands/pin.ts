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
          ["./kiln pin r3", "its wheels, source and logs stay, however old it gets"],
          ["./kiln unpin r3", "they go when they are old enough (KILN_RETENTION_DAYS of the coordinator)"],
        ) + FARM_HELP,
      );
  },
  async run(context, args) {
    const client = await connectFarm(context);
    const run = await findRun(argument(args, 0), async () => client);
    context.out.document(await client.pin(run));
    context.out.text(`${run} is pinned: its wheels, source and logs stay.`);
    return EXIT.passed;
  },
};
