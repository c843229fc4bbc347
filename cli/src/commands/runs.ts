import { EXIT } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { usageError } from "../program/cli-error.ts";
import { examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { renderRunsTable } from "../render/runs-table.ts";

interface Options {
  readonly limit: string;
}

const LIMIT_MAX = 1_000;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .option("-n, --limit <count>", "how many, the newest first", "20")
      .addHelpText(
        "after",
        examples(
          ["./kiln runs", "the newest 20"],
          ["./kiln runs -n 100 --json", "{ runs: […] }, as the farm's API has them"],
        ) + FARM_HELP,
      );
  },
  async run(context, _args, options) {
    const limit = Number(options.limit);
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
      throw usageError(`--limit ${options.limit} is not a number from 1 to ${LIMIT_MAX}.`);
    }
    const runs = await (await connectFarm(context)).runs(limit);
    context.out.document({ runs });
    context.out.lines(renderRunsTable(runs, context.out.columns, context.nowMs(), context.out.symbols));
    return EXIT.passed;
  },
};
