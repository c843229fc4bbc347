import { EXIT, type ExitCode } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { usageError } from "../program/cli-error.ts";
import { examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import type { Context } from "../program/context.ts";
import { renderAgent } from "../render/agent-detail.ts";
import { renderAgents } from "../render/agents-table.ts";

export const command: CliCommand = {
  configure(command) {
    command
      .argument("[action]", "show: everything known of one agent")
      .argument("[agent]", "its name, or its id")
      .addHelpText(
        "after",
        examples(
          ["./kiln agents", "state, slots, Pythons and problems of every machine"],
          ["./kiln agents show NAME", "one machine: what it has, its GPUs, and what it found of its health"],
          ["./kiln agents --json", "{ agents: […] }, as the farm's API has them"],
        ) + FARM_HELP,
      );
  },
  async run(context, [action, agent]) {
    if (action === undefined) return list(context);
    if (action !== "show")
      throw usageError(`There is no "agents ${action}".`, "./kiln agents --help says what there is.");
    if (agent === undefined) throw usageError("Which agent?", "Write its name: ./kiln agents lists them.");
    return show(context, agent);
  },
};

async function list(context: Context): Promise<ExitCode> {
  const agents = await (await connectFarm(context)).agents();
  context.out.document({ agents });
  context.out.lines(renderAgents(agents, context.out.columns, context.nowMs(), context.out.symbols));
  return EXIT.passed;
}

async function show(context: Context, name: string): Promise<ExitCode> {
  const agent = await (await connectFarm(context)).agent(name);
  context.out.document(agent);
  context.out.lines(renderAgent(agent, context.out.columns, context.nowMs(), context.out.symbols));
  return EXIT.passed;
}
