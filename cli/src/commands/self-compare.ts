import { EXIT } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { findRun } from "../program/run-reference.ts";
import { countsText } from "../render/run-header.ts";
import { reportWaited } from "./submit.ts";

interface Options {
  readonly wait?: boolean;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<run>", "finished run with benchmarks, for example r3, or last")
      .option("--wait", "follow it to its end")
      .addHelpText(
        "after",
        `
Measures the files of a run against themselves (A/A), just as a candidate is measured against the last release. Nothing
has changed, so whatever is found is a false alarm. Verdicts show the rate of them; no gate is judged by such a run.
The coordinator does it by itself while it has nothing else to do (KILN_SELF_COMPARISON_HOURS).
` +
          examples(
            ["./kiln self-compare last --wait", "then ./kiln verdict last shows the rate"],
            ["./kiln self-compare r3 --json", "the run that does it"],
          ) +
          FARM_HELP,
      );
  },
  async run(context, args, options) {
    const client = await connectFarm(context);
    const of = await findRun(argument(args, 0), async () => client);
    const view = await client.compareWithItself(of);
    if (options.wait === true) {
      // It has no verdict that an exit code could tell.
      await reportWaited(context, view.run);
      return EXIT.passed;
    }
    context.out.document(view);
    context.out.text(`${view.run}  ${of} against itself, ${countsText(view.counts)}`, `./kiln watch ${view.run}`);
    return EXIT.passed;
  },
};
