import { EXIT } from "../../exit-code.ts";
import { connectFarm } from "../../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../../program/command.ts";
import { readSecretValue } from "../../program/secret-value.ts";

interface Options {
  readonly project?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<name>", "of the variable that jobs find it in: INDEX_TOKEN")
      .option("--project <name>", "only for runs of this project; without it, for all")
      .addHelpText(
        "after",
        examples(
          ["./kiln secret set INDEX_TOKEN", "asks for the value, and does not show it"],
          ["./kiln secret set INDEX_TOKEN --project demo < token.txt", "from a file, without the line end at its end"],
        ) +
          "\n\nThe value is never an argument: others on this machine see those, and shells keep them." +
          "\nJobs get it when kiln.yaml names it, as in  test: {secrets: [INDEX_TOKEN]}." +
          FARM_HELP,
      );
  },
  async run(context, args, options) {
    const name = argument(args, 0);
    const client = await connectFarm(context);
    const value = await readSecretValue(context, `Value of ${name}: `);
    const { project } = options;
    const view = await client.setSecret(name, { value, ...(project === undefined ? {} : { project }) });
    context.out.document(view);
    const whose = view.project === null ? "all projects" : view.project;
    context.out.text(`${name} is set for ${whose}: jobs that name it and start from now on get this value.`);
    return EXIT.passed;
  },
};
