import type { AttemptView, JobView } from "@kiln/proto";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { EXIT } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import { downloadFile } from "../farm/download-file.ts";
import { CliError } from "../program/cli-error.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { findRun } from "../program/run-reference.ts";
import { bytes } from "../render/bytes.ts";

interface Options {
  readonly output?: string;
}

type Artifact = AttemptView["artifacts"][number];

/** Files that are fetched at a time. */
const PARALLEL_MAX = 4;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<run>", "run, for example r3, or last")
      .argument("<job>", "job, for example build-cp312-linux-x86_64")
      .argument("[file]", "role or name of one file, for example wheel; default: all that the job made")
      .option("-o, --output <folder>", "where to save; default: here")
      .addHelpText(
        "after",
        examples(
          ["./kiln get r3 build-cp312-linux-x86_64 wheel", "the wheel, checked against its SHA-256"],
          ["./kiln get last build-cp312-linux-x86_64 -o dist", "all that the job made; goes on after a break"],
        ) + FARM_HELP,
      );
  },
  async run(context, args, options) {
    const client = await connectFarm(context);
    const run = await findRun(argument(args, 0), async () => client);
    const job = await client.job(run, argument(args, 1));
    const wanted = chooseArtifacts(job, run, args[2] ?? null);
    const folder = resolve(context.cwd, options.output ?? ".");
    await mkdir(folder, { recursive: true });
    const signal = context.interrupted;
    const saved = await inParallel(wanted, async ({ role, blob }) => {
      const path = join(folder, safeName(blob.filename));
      const receivedBytes = await downloadFile(client, blob, path, { signal });
      context.out.text(
        `${path}  ${bytes(blob.sizeBytes)}  ${receivedBytes === 0 ? "was there" : `SHA-256 ${blob.sha256}`}`,
      );
      return { role, path, sha256: blob.sha256, sizeBytes: blob.sizeBytes, receivedBytes };
    });
    context.out.document({ run, job: job.name, files: saved });
    return EXIT.passed;
  },
};

/** What the last attempt made, or the one whose result the job has. */
function chooseArtifacts(job: JobView, run: string, name: string | null): readonly Artifact[] {
  const artifacts = (job.reusedAttempt ?? job.history.at(-1))?.artifacts ?? [];
  const chosen = artifacts.filter(({ role, blob }) => name === null || role === name || blob.filename === name);
  if (chosen.length > 0) return chosen;
  const list = artifacts.map(({ role, blob }) => `${role} ${blob.filename}`).join(", ");
  throw new CliError(`${job.name} of ${run} has no ${name ?? "files"}.`, {
    advice: list === "" ? `It made none (${job.outcome ?? job.state}).` : `It has: ${list}.`,
  });
}

/** The farm's word on a name is not trusted: it must not lead out of the folder. */
function safeName(filename: string): string {
  if (/^[^/\\:*?"<>|\p{Cc}]+$/u.test(filename) && !/^\.+$/.test(filename)) return filename;
  throw new CliError(`${JSON.stringify(filename)} cannot be the name of a file here.`);
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: PARALLEL_MAX }, worker));
  return results;
}
