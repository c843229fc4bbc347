import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { renderTokens } from "../../render/people-tables.ts";

export const command: CliCommand = {
  configure(command) {
    command.addHelpText(
      "after",
      examples(
        ["./kiln token list", "names, roles, when they end and when they were used last"],
        ["./kiln token list --json", "{ tokens: […] }, as the farm's API has them"],
      ) + FARM_HELP,
    );
  },
  async run(context) {
    const tokens = await (await connectFarm(context)).tokens();
    context.out.document({ tokens });
    context.out.lines(renderTokens(tokens, context.out.columns, context.nowMs(), context.out.symbols));
    return EXIT.passed;
  },
};
