import type { VerdictView } from "@kiln/proto";
import { exitCodeOfVerdict } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { usageError } from "../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { findRun } from "../program/run-reference.ts";
import { readVersion } from "../program/version.ts";
import { verdictJunit } from "../render/verdict/verdict-junit.ts";
import { verdictMarkdown } from "../render/verdict/verdict-markdown.ts";
import { renderVerdictReport } from "../render/verdict/verdict-report.ts";
import { verdictSarif } from "../render/verdict/verdict-sarif.ts";

interface Options {
  readonly markdown?: boolean;
  readonly junit?: boolean;
  readonly sarif?: boolean;
  readonly all?: boolean;
}

const FORMS: Readonly<Record<"markdown" | "junit" | "sarif", (view: VerdictView) => string>> = {
  markdown: verdictMarkdown,
  junit: verdictJunit,
  sarif: (view) => verdictSarif(view, readVersion()),
};

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<run>", "run, for example r3, or last")
      .option("--markdown", "release notes: matrix, gates, and the benchmark table")
      .option("--junit", "a JUnit file with a case for each gate")
      .option("--sarif", "SARIF 2.1.0 with a result for each gate")
      .option("--all", "all evidence of all gates")
      .addHelpText(
        "after",
        examples(
          ["./kiln verdict last", "the gates, the evidence, and what to do next; the exit code is the verdict"],
          ["./kiln verdict r3 --markdown > notes.md", "for the release notes"],
          ["./kiln verdict r3 --junit > gates.xml", "for a CI that shows test results"],
          ["./kiln verdict r3 --json", "the verdict as the farm's API has it"],
        ) + FARM_HELP,
      );
  },
  async run(context, args, options) {
    const forms = (["markdown", "junit", "sarif"] as const).filter((form) => options[form] === true);
    const asked = forms.length + (context.json ? 1 : 0);
    if (asked > 1)
      throw usageError("A verdict is printed in one form.", "Write one of --markdown, --json, --junit and --sarif.");
    const client = await connectFarm(context);
    const run = await findRun(argument(args, 0), async () => client);
    const view = await client.verdict(run);
    const { out } = context;
    const [form] = forms;
    out.document(view);
    if (form !== undefined) out.stdout.write(FORMS[form](view));
    else out.lines(renderVerdictReport(view, { width: out.columns, symbols: out.symbols, all: options.all === true }));
    return exitCodeOfVerdict(view.verdict);
  },
};
