import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { standingText } from "./standing-text.ts";

interface Options {
  readonly gpu?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<agent>", "its name or id, as ./kiln agents shows them")
      .option("--gpu <uuid>", "only this GPU or MIG slice, and not the machine")
      .addHelpText(
        "after",
        "\nFor what you have seen to: it gets jobs again, and is looked at once more at once.\n" +
          examples(
            ["./kiln agent clear gpu1", "the machine and all its GPUs"],
            ["./kiln agent clear gpu1 --gpu GPU-8f6d…", "one GPU"],
          ) +
          FARM_HELP,
      );
  },
  async run(context, args, { gpu }) {
    const farm = await connectFarm(context);
    const agent = await farm.clearAgent(argument(args, 0), gpu === undefined ? {} : { gpu });
    context.out.document(agent);
    context.out.text(standingText(agent));
    return EXIT.passed;
  },
};
