import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { renderSecrets } from "../../render/people-tables.ts";

export const command: CliCommand = {
  configure(command) {
    command.addHelpText(
      "after",
      examples(
        ["./kiln secret list", "names and projects, never values"],
        ["./kiln secret list --json", "{ secrets: […] }, as the farm's API has them"],
      ) + FARM_HELP,
    );
  },
  async run(context) {
    const secrets = await (await connectFarm(context)).secrets();
    context.out.document({ secrets });
    context.out.lines(renderSecrets(secrets, context.out.columns, context.nowMs(), context.out.symbols));
    return EXIT.passed;
  },
};
