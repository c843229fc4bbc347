import type { AgentDetail } from "@kiln/proto";
import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { usageError } from "../../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { parseMoment, parseSpan } from "./moments.ts";

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly weekly?: boolean;
  readonly ahead?: string;
  readonly reason?: string;
  readonly remove?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<agent>", "its name or id, as ./kiln agents shows them")
      .option("--from <time>", "when the machine is not to be used any more: 2026-12-01T18:00, of this machine's clock")
      .option("--to <time>", "until when: 2026-12-01T20:00")
      .option("--weekly", "and again every 7 × 24 hours")
      .option("--ahead <time>", "how long before it gets nothing new: 45m, 2h (default: 30m)")
      .option("--reason <text>", "why, for whoever asks where the machine is")
      .option("--remove <number>", "take a window back")
      .addHelpText(
        "after",
        examples(
          ["./kiln agent maintenance gpu1", "list its windows"],
          ["./kiln agent maintenance gpu1 --from 2026-12-01T18:00 --to 2026-12-01T20:00", "drained from 17:30 on"],
          ["./kiln agent maintenance gpu1 --remove 2", "take window 2 back"],
        ) + FARM_HELP,
      );
  },
  async run(context, args, options) {
    const name = argument(args, 0);
    const farm = await connectFarm(context);
    const agent = await change(farm, name, options);
    context.out.document(agent);
    context.out.text(...windowTexts(agent));
    return EXIT.passed;
  },
};

async function change(
  farm: Awaited<ReturnType<typeof connectFarm>>,
  name: string,
  { from, to, weekly, ahead, reason, remove }: Options,
): Promise<AgentDetail> {
  if (remove !== undefined) {
    if (from !== undefined || to !== undefined) throw usageError("--remove takes a window back, and --from makes one.");
    if (!/^[1-9]\d{0,5}$/.test(remove)) throw usageError(`--remove ${remove} is not the number of a window.`);
    return farm.removeWindow(name, Number(remove));
  }
  if (from === undefined && to === undefined) return farm.agent(name);
  if (from === undefined || to === undefined) throw usageError("A maintenance window needs --from and --to.");
  return farm.addWindow(name, {
    fromMs: parseMoment("--from", from),
    toMs: parseMoment("--to", to),
    ...(weekly === true ? { weekly } : {}),
    ...(ahead === undefined ? {} : { aheadMs: parseSpan("--ahead", ahead) }),
    ...(reason === undefined ? {} : { reason }),
  });
}

function windowTexts({ name, windows }: AgentDetail): readonly string[] {
  if (windows.length === 0) return [`${name} has no maintenance windows.`];
  return windows.map(({ id, fromMs, toMs, weekly, reason }) => {
    const times = `${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
    return `${id}  ${times}${weekly ? ", every week" : ""}${reason === "" ? "" : `  ${reason}`}`;
  });
}
