import { exitCodeOfVerdict } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { usageError } from "../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { findRun } from "../program/run-reference.ts";
import { userName } from "../program/user-name.ts";
import { renderVerdictReport } from "../render/verdict/verdict-report.ts";

interface Options {
  readonly as?: string;
  readonly digest?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<run>", "run, for example r3, or last")
      .option("--as <name>", "for whom, for people to read; without it the user of this machine")
      .option("--digest <sha256>", "the candidate that was looked at; without it that of the run's verdict now")
      .addHelpText(
        "after",
        examples(
          ["./kiln approve r3", "its bytes may go out; other bytes need another approval"],
          ["KILN_TOKEN=… ./kiln approve r3", "by another token: its name and role are what the spec's gate counts"],
        ) + FARM_HELP,
      );
  },
  async run(context, args, { as, digest }) {
    const client = await connectFarm(context);
    const run = await findRun(argument(args, 0), async () => client);
    const looked = digest ?? (await client.verdict(run)).candidate.digest;
    if (looked === null)
      throw usageError(`${run} made no files: there is nothing to approve.`, `./kiln verdict ${run} says why.`);
    const view = await client.approve(run, { digest: looked, onBehalfOf: userName(as, context.env) });
    const { out } = context;
    out.document(view);
    out.lines(renderVerdictReport(view, { width: out.columns, symbols: out.symbols }));
    return exitCodeOfVerdict(view.verdict);
  },
};
