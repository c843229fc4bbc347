import type { AuditEntryView } from "@kiln/proto";
import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { usageError } from "../../program/cli-error.ts";
import { examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { renderAudit } from "../../render/people-tables.ts";
import { parseTime } from "./parse-time.ts";

interface Options {
  readonly since?: string;
  readonly who?: string;
  readonly what?: string;
  readonly limit: string;
}

const LIMIT_MAX = 100_000;
const PAGE = 1_000;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .option("--since <time>", "only the last 30m, 12h or 7d")
      .option("--who <name>", "only of owner, token:NAME, agent:ID, nobody")
      .option("--what <action>", "only for example run.submit, secret.give, access")
      .option("-n, --limit <count>", "how many, the newest", "50")
      .addHelpText(
        "after",
        examples(
          ["./kiln audit", "the newest 50, the newest last"],
          ["./kiln audit --since 1d --what access", "who was not let in since yesterday"],
          ["./kiln audit --who token:ci --json", "{ entries: […] }, as the farm's API has them"],
        ) + FARM_HELP,
      );
  },
  async run(context, _args, options) {
    const limit = Number(options.limit);
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
      throw usageError(`--limit ${options.limit} is not a number from 1 to ${LIMIT_MAX}.`);
    }
    const query = {
      ...(options.since === undefined ? {} : { since: context.nowMs() - parseTime("--since", options.since) }),
      ...(options.who === undefined ? {} : { who: options.who }),
      ...(options.what === undefined ? {} : { what: options.what }),
    };
    const client = await connectFarm(context);
    const entries: AuditEntryView[] = [];
    let before: number | null = null;
    do {
      const page = await client.audit({ ...query, before, limit: Math.min(PAGE, limit - entries.length) });
      entries.push(...page.entries);
      before = page.next;
    } while (before !== null && entries.length < limit);
    context.out.document({ entries });
    context.out.lines(renderAudit(entries.toReversed(), context.out.columns, context.out.symbols));
    return EXIT.passed;
  },
};
