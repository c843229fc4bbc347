import { EXIT } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { findRun } from "../program/run-reference.ts";
import { describeRun } from "../progress/run-end.ts";
import { renderJob } from "../render/job-detail.ts";
import { renderJobTable } from "../render/job-table.ts";

interface Options {
  readonly jobs?: boolean;
  readonly why?: string;
}

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<run>", "run, for example r3, or last")
      .argument("[job]", "job, for example test-cp312-linux-x86_64")
      .option("--jobs", "list every job of the run, too")
      .option("--why <job>", "say in one sentence why this job is not running")
      .addHelpText(
        "after",
        examples(
          ["./kiln show r3", "matrix, exclusions, failures with the useful part of their logs, verdict"],
          ["./kiln show r3 test-cp312-linux-x86_64", "attempts, steps and artifacts of one job"],
          ["./kiln show r3 --why test-cp312-linux-x86_64", "who could run it, and what they are busy with"],
          ["./kiln show last --json", "the run as the farm's API has it"],
        ) + FARM_HELP,
      );
  },
  async run(context, args, options) {
    const client = await connectFarm(context);
    const { out } = context;
    const run = await findRun(argument(args, 0), async () => client);
    if (options.why !== undefined) {
      const job = await client.job(run, options.why);
      out.document({ run, job: job.name, state: job.state, why: job.why });
      out.text(`${job.name}: ${job.why}.`);
      return EXIT.passed;
    }
    const name = args[1];
    if (name !== undefined) {
      const job = await client.job(run, name);
      out.document(job);
      out.lines(renderJob(job, out.columns, context.nowMs(), out.symbols));
      return EXIT.passed;
    }
    const view = await client.run(run);
    out.document(view);
    if (context.json) return EXIT.passed;
    out.lines(await describeRun(context, client, view));
    if (options.jobs === true) out.lines([[], ...renderJobTable(view.jobs, out.columns, context.nowMs(), out.symbols)]);
    return EXIT.passed;
  },
};
