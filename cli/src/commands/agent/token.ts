import { Option } from "commander";
import { EXIT } from "../../exit-code.ts";
import { needFarmAddress } from "../../farm/address.ts";
import { connectFarm } from "../../farm/connect.ts";
import { findHome } from "../../farm/home.ts";
import { usageError } from "../../program/cli-error.ts";
import { examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { count } from "../../render/count.ts";
import { isLoopback, parseExpiry, parseLabelOptions } from "./options.ts";
import { reachableUrl } from "./reachable-url.ts";

interface Options {
  readonly label: readonly string[];
  readonly uses: string;
  readonly expires: string;
  readonly executor?: string;
  readonly ephemeral?: boolean;
}

const USES_MAX = 10_000;
const EXECUTORS = ["host", "docker"];

export const command: CliCommand<Options> = {
  configure(command) {
    const repeated = (one: string, before: readonly string[]): readonly string[] => [...before, one];
    command
      .addOption(
        new Option("--label <key=value>", "of every machine that joins with it; may be repeated")
          .argParser(repeated)
          .default([], "none"),
      )
      .option("--uses <count>", "machines that may join with it", "1")
      .option("--expires <time>", "30m, 12h or 7d from now", "1h")
      .option("--executor <kind>", "how its jobs run: host or docker")
      .option("--ephemeral", "each machine takes one job, then leaves")
      .addHelpText(
        "after",
        examples(
          ["./kiln agent token", "for one machine, within an hour; prints what to type there"],
          ["./kiln agent token --label rack=a3 --uses 20 --expires 7d", "for a rack of twenty"],
          ["./kiln agent token --ephemeral --uses 500 --json", "for an autoscaler"],
        ) + FARM_HELP,
      );
  },
  async run(context, _args, options) {
    const uses = Number(options.uses);
    if (!/^\d+$/.test(options.uses) || uses < 1 || uses > USES_MAX) {
      throw usageError(`--uses ${options.uses} is not a number from 1 to ${USES_MAX}.`);
    }
    const { executor } = options;
    if (executor !== undefined && !EXECUTORS.includes(executor)) {
      throw usageError(`--executor ${executor} is not one of ${EXECUTORS.join(", ")}.`);
    }
    const labels = parseLabelOptions(options.label);
    const lifetimeMs = parseExpiry(options.expires);
    const address = await needFarmAddress(context.env);
    const { url, others } = await reachableUrl(address.url, findHome(context.env));
    const token = await (
      await connectFarm(context)
    ).makeJoinToken({
      role: options.ephemeral === true ? "ephemeral" : "worker",
      labels,
      uses,
      lifetimeMs,
    });
    const more = executor === undefined ? "" : ` --executor ${executor}`;
    const commands = [`./kiln agent join ${url}${more} \\`, `  --token ${token.token}`];
    context.out.document({ ...token, url, command: `./kiln agent join ${url}${more} --token ${token.token}` });
    const until = new Date(token.expiresAtMs).toISOString().slice(0, 16).replace("T", " ");
    context.out.text(
      `For ${count(uses, "machine")}, until ${until} UTC. On the machine, type these two lines:`,
      "",
      ...commands,
    );
    if (others.length > 0) context.out.note("", `The farm is reached by these, too: ${others.join(", ")}.`);
    if (isLoopback(url)) {
      context.out.note(
        "",
        "This address is of this machine alone: others cannot reach the farm by it.",
        "For them start it on an address of the network: ./kiln up --host ADDRESS.",
      );
    }
    return EXIT.passed;
  },
};
