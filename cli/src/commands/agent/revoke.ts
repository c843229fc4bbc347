import type { AgentView } from "@kiln/proto";
import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { CliError } from "../../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";

interface Options {
  readonly reason?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<agent>", "its name or id, as ./kiln agent list shows them")
      .option("--reason <text>", "for the audit log, and for whoever looks at the machine")
      .addHelpText(
        "after",
        `
Takes effect at once: its connections are cut, its certificate and NATS user no
longer count, and its jobs are tried again elsewhere. It can join again with a
new token only.
` +
          examples(
            ["./kiln agent revoke gpu1", "by name, where only one has it"],
            ['./kiln agent revoke gpu1-0a1b2c --reason "lost laptop"', "by id"],
          ) +
          FARM_HELP,
      );
  },
  async run(context, args, { reason }) {
    const farm = await connectFarm(context);
    const agentId = agentNamed(argument(args, 0), await farm.agents());
    const revoked = await farm.revokeAgent(agentId, reason === undefined ? {} : { reason });
    context.out.document(revoked);
    context.out.text(`${agentId} is shut out of the farm.`);
    return EXIT.passed;
  },
};

/** An agent's id by its id or its name. An id that is not listed is taken as it is: the farm knows more than it lists. */
export function agentNamed(text: string, agents: readonly Pick<AgentView, "agentId" | "name" | "revoked">[]): string {
  if (agents.some(({ agentId }) => agentId === text)) return text;
  const all = agents.filter(({ name }) => name === text);
  // Who is revoked has given its name up when another has it.
  const present = all.filter(({ revoked }) => revoked === null);
  const named = present.length > 0 ? present : all;
  if (named.length > 1) {
    throw new CliError(`${named.length} agents are called ${text}.`, {
      advice: `Name one by its id: ${named.map(({ agentId }) => agentId).join(", ")}.`,
    });
  }
  return named[0]?.agentId ?? text;
}
