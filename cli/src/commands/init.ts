import { writeFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { EXIT } from "../exit-code.ts";
import { findingsOf, type Finding } from "../init/findings.ts";
import { CliError, errorCode, errorMessage } from "../program/cli-error.ts";
import { argument, examples, type CliCommand } from "../program/command.ts";
import type { Context } from "../program/context.ts";
import { line, span, type Line } from "../render/line.ts";
import { oneLine } from "../render/plain-text.ts";
import { renderTable } from "../render/table.ts";
import { REPOSITORY } from "../supervise/repository.ts";

interface Options {
  readonly force?: boolean;
  readonly stdout?: boolean;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("[folder]", "the project's folder", ".")
      .option("--force", "replace a kiln.yaml that is there")
      .option("--stdout", "print it, and write nothing")
      .addHelpText(
        "after",
        `
Reads pyproject.toml, setup.cfg, setup.py, CMakeLists.txt and the like, and runs none of them: what is computed there
is not found. Of a setup.py, literals count, and names that are given one once.

With --json: { file, written, text, findings: [{ about, found, note }] }; found is null for what was not found.
` +
          examples(
            ["./kiln init", "kiln.yaml for the project in this folder"],
            ["./kiln init path/to/project --stdout", "to look at it first"],
            ["./kiln init --force", "anew"],
          ),
      );
  },
  async run(context, args, options) {
    const written = argument(args, 0);
    const dir = resolve(context.cwd, written);
    const { survey, axes, text } = await specOf(dir);
    const file = join(dir, "kiln.yaml");
    const findings = findingsOf(survey, axes);
    const write = options.stdout !== true;
    if (write) await writeOnce(file, text, options.force === true);
    context.out.document({ file: write ? file : null, written: write, text, findings });
    if (!write) {
      context.out.text(...text.trimEnd().split("\n"));
      context.out.noteLines(context.json ? [] : renderFindings(findings, context));
      return EXIT.passed;
    }
    context.out.lines([
      line("Wrote ", span(join(written, "kiln.yaml"), "bold"), ". What it is made from:"),
      ...renderFindings(findings, context),
      line("Next: ", span(`./kiln plan ${written === "." ? "" : written}`.trim(), "accent")),
    ]);
    return EXIT.passed;
  },
};

async function specOf(dir: string) {
  // Only here: the matrix's data is not needed for the help.
  const { readProjectFiles } = await import("../init/read-files.ts");
  const { surveyProject } = await import("../init/survey-project.ts");
  const { chooseAxes } = await import("../init/choose-axes.ts");
  const { writeSpec } = await import("../init/write-spec.ts");
  const files = await readProjectFiles(dir);
  const survey = surveyProject(files);
  const axes = chooseAxes(survey);
  const schema = relative(dir, join(REPOSITORY, "matrix", "kiln.schema.json"))
    .split(sep)
    .join("/");
  return { survey, axes, text: writeSpec({ facts: files.facts, survey, axes, schema }) };
}

async function writeOnce(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    if (errorCode(error) === "EEXIST") {
      throw new CliError(`${file} is there already.`, {
        advice: "--force replaces it; --stdout prints what would be written.",
      });
    }
    throw new CliError(`${file} cannot be written: ${errorMessage(error)}.`, { cause: error });
  }
}

function renderFindings(findings: readonly Finding[], { out }: Context): readonly Line[] {
  const { symbols } = out;
  const rows = findings.map(({ about, found, note }) => [
    found === null ? line(span(symbols.none, "dim")) : line(span(symbols.good, "good")),
    line(about),
    line(found === null ? span("not found", "dim") : oneLine(found)),
    line(span(oneLine(note), "dim")),
  ]);
  const columns = [
    { title: "" },
    { title: "about" },
    { title: "found", shrinks: true, minWidth: 16 },
    { title: "where, or what the spec then has", shrinks: true, minWidth: 16 },
  ];
  return renderTable({ columns, rows }, out.columns, symbols.ellipsis);
}
