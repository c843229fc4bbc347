import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { standingText } from "./standing-text.ts";

export const command: CliCommand = {
  configure(command) {
    command
      .argument("<agent>", "its name or id, as ./kiln agents shows them")
      .addHelpText("after", examples(["./kiln agent resume gpu1", "after a drain or a pause"]) + FARM_HELP);
  },
  async run(context, args) {
    const farm = await connectFarm(context);
    const agent = await farm.setAgentMode(argument(args, 0), { mode: "active" });
    context.out.document(agent);
    context.out.text(standingText(agent));
    return EXIT.passed;
  },
};
