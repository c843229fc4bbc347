import type { AgentDetail } from "@kiln/proto";
import { setTimeout as delay } from "node:timers/promises";
import { EXIT } from "../../exit-code.ts";
import type { FarmClient } from "../../farm/client.ts";
import { connectFarm } from "../../farm/connect.ts";
import { CliError, Interrupted } from "../../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import type { Context } from "../../program/context.ts";
import { standingText } from "./standing-text.ts";

interface Options {
  readonly reason?: string;
  readonly wait?: boolean;
}

const LOOK_INTERVAL_MS = 1_000;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<agent>", "its name or id, as ./kiln agents shows them")
      .option("--reason <text>", "why, for whoever asks where the machine is")
      .option("--wait", "until it has nothing left")
      .addHelpText(
        "after",
        `
It finishes what it has begun, gives back what it has not, and gets nothing new, also after a
restart of either side, until ./kiln agent resume.
` +
          examples(
            ["./kiln agent drain gpu1", "takes effect at once"],
            ['./kiln agent drain gpu1 --reason "new driver" --wait', "ends when the machine is free"],
          ) +
          FARM_HELP,
      );
  },
  async run(context, args, { reason = "", wait }) {
    const farm = await connectFarm(context);
    const asked = await farm.setAgentMode(argument(args, 0), { mode: "draining", reason });
    const agent = wait === true ? await untilIdle(context, farm, asked) : asked;
    context.out.document(agent);
    context.out.text(standingText(agent));
    return EXIT.passed;
  },
};

/** Says how many jobs are left whenever that changes. */
async function untilIdle(context: Context, farm: FarmClient, asked: AgentDetail): Promise<AgentDetail> {
  let agent = asked;
  let told = -1;
  while (agent.attempts.length > 0) {
    if (agent.attempts.length !== told) context.out.note(standingText(agent));
    told = agent.attempts.length;
    await pause(context.interrupted);
    agent = await farm.agent(agent.agentId);
    if (agent.mode.name !== "draining") {
      throw new CliError(`${agent.name} is ${agent.mode.name} again: somebody has changed it meanwhile.`);
    }
  }
  return agent;
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(LOOK_INTERVAL_MS, undefined, { signal });
  } catch {
    throw new Interrupted();
  }
}
