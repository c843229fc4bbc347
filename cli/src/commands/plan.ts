import { EXIT } from "../exit-code.ts";
import { findPythons } from "../planning/farm-pythons.ts";
import { planLocally } from "../planning/local-plan.ts";
import { argument, examples, type CliCommand } from "../program/command.ts";
import { renderPlan } from "../render/plan-report.ts";
import { prepareSource } from "../source/prepare.ts";
import { SOURCE_HELP } from "./submit.ts";

interface Options {
  readonly spec?: string;
  readonly indexUrl?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("[source]", "folder, sdist, or pypi:NAME==VERSION", ".")
      .option("--spec <file>", "the kiln.yaml to use")
      .option("--index-url <url>", "simple index that pypi: means")
      .addHelpText(
        "after",
        `${SOURCE_HELP}
Nothing is sent or run. The Pythons are those of the farm; without one, those of this machine.
` +
          examples(
            ["./kiln plan", "the matrix of the project in this folder"],
            ["./kiln plan pypi:msgpack==1.1.0", "what a release would run on"],
            ["./kiln plan . --json", "{ plan, pythonsFrom }: cells, excluded cells and jobs"],
          ),
      );
  },
  async run(context, args, options) {
    await using source = await prepareSource({
      source: argument(args, 0),
      specFile: options.spec ?? null,
      indexUrl: options.indexUrl ?? null,
      cwd: context.cwd,
      env: context.env,
      signal: context.interrupted,
      note: (text) => context.out.note(text),
    });
    const { pythons, from } = await findPythons(context);
    const { candidate, sha256: sourceSha256, spec } = source;
    const plan = planLocally({ candidate, sourceSha256, spec, pythons });
    context.out.document({ plan, candidate, pythonsFrom: from, pythons });
    context.out.lines(renderPlan(plan, from, context.out.columns, context.out.symbols));
    return EXIT.passed;
  },
};
