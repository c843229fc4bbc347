import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { standingText } from "./standing-text.ts";

interface Options {
  readonly reason?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<agent>", "its name or id, as ./kiln agents shows them")
      .option("--reason <text>", "why, for whoever asks where the machine is")
      .addHelpText(
        "after",
        "\nIt keeps what it has, and gets nothing new until ./kiln agent resume.\n" +
          examples(['./kiln agent pause gpu1 --reason "I need it this afternoon"', "takes effect at once"]) +
          FARM_HELP,
      );
  },
  async run(context, args, { reason = "" }) {
    const farm = await connectFarm(context);
    const agent = await farm.setAgentMode(argument(args, 0), { mode: "paused", reason });
    context.out.document(agent);
    context.out.text(standingText(agent));
    return EXIT.passed;
  },
};
