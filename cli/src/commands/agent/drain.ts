import { setTimeout as delay } from "node:timers/promises";
import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { CliError, Interrupted } from "../../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
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
    let agent = await farm.setAgentMode(argument(args, 0), { mode: "draining", reason });
    while (wait === true && agent.attempts.length > 0) {
      context.out.note(standingText(agent));
      const wasLeft = agent.attempts.length;
      while (agent.attempts.length === wasLeft) {
        await pause(context.interrupted);
        agent = await farm.agent(agent.agentId);
      }
      if (agent.mode.name !== "draining") {
        throw new CliError(`${agent.name} is ${agent.mode.name} again: somebody has changed it meanwhile.`);
      }
    }
    context.out.document(agent);
    context.out.text(standingText(agent));
    return EXIT.passed;
  },
};

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await delay(LOOK_INTERVAL_MS, undefined, { signal });
  } catch {
    throw new Interrupted();
  }
}
