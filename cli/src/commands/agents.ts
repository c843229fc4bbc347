import { EXIT } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { renderAgents } from "../render/agents-table.ts";

export const command: CliCommand = {
  configure(command) {
    command.addHelpText(
      "after",
      examples(
        ["./kiln agents", "state, slots, Pythons and problems of every machine"],
        ["./kiln agents --json", "{ agents: […] }, as the farm's API has them"],
      ) + FARM_HELP,
    );
  },
  async run(context) {
    const agents = await (await connectFarm(context)).agents();
    context.out.document({ agents });
    context.out.lines(renderAgents(agents, context.out.columns, context.nowMs(), context.out.symbols));
    return EXIT.passed;
  },
};
