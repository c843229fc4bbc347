import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";

interface Options {
  readonly project?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<name>", "as ./kiln secret list has it")
      .option("--project <name>", "that of this project; without it, that of all")
      .addHelpText(
        "after",
        examples(
          ["./kiln secret remove INDEX_TOKEN", "jobs that name it and start from now on end as infrastructure"],
          ["./kiln secret remove INDEX_TOKEN --project demo", "runs of demo get that of all projects again"],
        ) + FARM_HELP,
      );
  },
  async run(context, args, options) {
    const name = argument(args, 0);
    const project = options.project ?? null;
    await (await connectFarm(context)).removeSecret(name, project);
    context.out.document({ name, project, removed: true });
    context.out.text(`${name} is removed${project === null ? "" : ` for ${project}`}.`);
    return EXIT.passed;
  },
};
