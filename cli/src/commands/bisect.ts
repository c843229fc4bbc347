import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { attributionText, foundText, renderSteps, renderText } from "../bisect/bisect-report.ts";
import { benchFiles, specForCell } from "../bisect/cell-spec.ts";
import { attributionOf, chooseComparison } from "../bisect/choose-comparison.ts";
import { commitsBetween, fileAt, findRelease } from "../bisect/history.ts";
import { measureCommit } from "../bisect/measure-commit.ts";
import { searchCommits } from "../bisect/search-commits.ts";
import { EXIT } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { CliError, errorCode, usageError } from "../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { findRun } from "../program/run-reference.ts";
import { count } from "../render/count.ts";
import { changeText } from "../render/verdict/value-text.ts";

interface Options {
  readonly cell?: string;
  readonly good?: string;
  readonly bad: string;
  readonly confidence: string;
  readonly source: string;
  readonly spec?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<run>", "run whose candidate is slower, for example r3, or last")
      .argument("<benchmark>", "as ./kiln verdict names it, for example total:time")
      .option("--cell <cell>", "where to measure (default: where it got worst)")
      .option("--good <revision>", "commit of the release that it was compared with (default: its tag)")
      .option("--bad <revision>", "commit of the candidate", "HEAD")
      .option("--confidence <share>", "probability that no decision on the way is wrong", "0.95")
      .option("--source <folder>", "the project's folder in its git repository", ".")
      .option("--spec <file>", "the kiln.yaml of the run (default: that of the candidate's commit)")
      .addHelpText(
        "after",
        `
Finds the commit that made a benchmark slower: measures commits between the release and the candidate, each beside the
release's own wheel, in one cell, with as few runs as the confidence allows. A commit that does not build is passed over.
` +
          examples(
            ["./kiln bisect last total:time", "in a checkout of the project, with the release tagged v1.2.0 or 1.2.0"],
            ["./kiln bisect r7 total:time --good v1.2.0 --bad main", "between two commits"],
            ["./kiln bisect r7 total:time --json", "the steps, the commit, and where in the matrix it is slower"],
          ) +
          FARM_HELP,
      );
  },
  async run(context, args, options) {
    const confidence = parseConfidence(options.confidence);
    const client = await connectFarm(context);
    const run = await findRun(argument(args, 0), async () => client);
    const [view, verdict] = [await client.run(run), await client.verdict(run)];
    const { comparison, baseline, slowdown } = chooseComparison(verdict, argument(args, 1), options.cell ?? null);
    const { benchmark, cell } = comparison;
    const folder = resolve(context.cwd, options.source);
    // It may have no version of its own, and it is known where it is.
    const commit = comparison.baselineFile?.commit ?? null;
    const good = options.good ?? commit ?? (await findRelease(folder, baseline));
    const commits = await commitsBetween(folder, good, options.bad);
    const axes = view.cells.find((one) => one.cell === cell)?.axes;
    if (!axes) throw new CliError(`${run} has no cell ${cell} any more.`);
    const text =
      options.spec === undefined
        ? await fileAt(folder, options.bad, "kiln.yaml")
        : await readSpecFile(resolve(context.cwd, options.spec));
    const attribution = attributionOf(view, verdict, benchmark);
    const { out } = context;
    const said = `${benchmark} is worse by ${changeText(Math.exp(slowdown))} in ${cell} than ${baseline}. ${count(commits.length, "commit")} after ${good} may be the reason.`;
    out.lines(renderText([said, ...attributionText(attribution.axes, attribution.told)], out.columns));
    const overlay = { bad: options.bad, files: benchFiles(text) };
    const task = {
      folder,
      spec: specForCell(text, axes, commit === null ? baseline : { commit }),
      benchmark,
      baseline,
      overlay,
    };
    const end = await searchCommits({
      ...{ commits, slowdown, confidence },
      measure: (commit) => measureCommit(context, task, commit),
      told: ({ commit, says, reason }) =>
        out.note(`${commit.hash.slice(0, 12)} is ${says}${reason === "" ? "" : `: ${reason}`}.`),
    });
    const found = end.among.length === 1 ? end.among[0] : null;
    out.document({
      run,
      benchmark,
      cell,
      baseline,
      slowdown,
      confidence,
      good,
      bad: options.bad,
      commits: commits.length,
      ...end,
      found,
      attribution,
    });
    out.lines([
      [],
      ...renderSteps(end.steps, { width: out.columns, symbols: out.symbols }),
      ...(end.steps.length === 0 ? [] : [[]]),
    ]);
    out.lines(renderText(foundText(end, confidence), out.columns));
    return found ? EXIT.passed : EXIT.inconclusive;
  },
};

function parseConfidence(text: string): number {
  const confidence = Number(text);
  if (confidence >= 0.5 && confidence < 1) return confidence;
  throw usageError(`--confidence ${text} is no number from 0.5 to below 1.`, "Write 0.95 for 95 %.");
}

async function readSpecFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CliError(`${path} cannot be read (${errorCode(error)}).`, { cause: error });
  }
}
