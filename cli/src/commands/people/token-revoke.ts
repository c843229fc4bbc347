import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";

export const command: CliCommand = {
  configure(command) {
    command
      .argument("<name>", "as ./kiln token list has it")
      .addHelpText("after", examples(["./kiln token revoke ci", "it opens nothing any more, from now on"]) + FARM_HELP);
  },
  async run(context, args) {
    const name = argument(args, 0);
    await (await connectFarm(context)).revokeToken(name);
    context.out.document({ name, revoked: true });
    context.out.text(`The token ${name} opens nothing any more.`);
    return EXIT.passed;
  },
};
