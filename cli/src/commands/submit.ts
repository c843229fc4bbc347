import type { Spec } from "@kiln/matrix";
import type { RunView, SubmitRunBody } from "@kiln/proto";
import { randomUUID } from "node:crypto";
import { EXIT, exitCodeOfVerdict, type ExitCode } from "../exit-code.ts";
import { connectFarm } from "../farm/connect.ts";
import type { FarmClient } from "../farm/client.ts";
import { uploadFile } from "../farm/upload-file.ts";
import { parseRelease, RELEASE_OPTION } from "../planning/release-option.ts";
import { argument, examples, FARM_HELP, type CliCommand } from "../program/command.ts";
import { usageError } from "../program/cli-error.ts";
import type { Context } from "../program/context.ts";
import { findRun } from "../program/run-reference.ts";
import { chooseReporter } from "../progress/choose-reporter.ts";
import { describeRun } from "../progress/run-end.ts";
import { watchRun, type Watched } from "../progress/watch-run.ts";
import { bytes } from "../render/bytes.ts";
import { count } from "../render/count.ts";
import { reusedText } from "../render/results-summary.ts";
import { candidateTitle, countsText } from "../render/run-header.ts";
import { prepareSource, type PreparedSource } from "../source/prepare.ts";

interface Options {
  readonly wait?: boolean;
  readonly spec?: string;
  readonly indexUrl?: string;
  readonly release?: string;
  readonly rebuild?: boolean;
  readonly reuse?: string;
  readonly priority?: string;
}

/** For one of the commit that benchmarks are compared with. */
const RUNS_LOOKED_AT = 100;

export const SOURCE_HELP = `
SOURCE is one of
  a folder            what git tracks or would track there (all but build leftovers outside of git)
  an sdist            a .tar.gz or .zip file with a PKG-INFO
  pypi:NAME==VERSION  the sdist of exactly that version on your index: --index-url, UV_DEFAULT_INDEX,
                      UV_INDEX_URL, PIP_INDEX_URL, else what pip is set to use
The spec is --spec FILE, else the source's own kiln.yaml, else the defaults.`;

export const command: CliCommand<Options> = {
  configure(command) {
    command
      .argument("<source>", "folder, sdist, or pypi:NAME==VERSION")
      .option("--wait", "follow the run to its end; the exit code is its verdict")
      .option("--spec <file>", "the kiln.yaml to use")
      .option("--index-url <url>", "simple index that pypi: means")
      .option(...RELEASE_OPTION)
      .option("--rebuild", "run every build, also those that passed before with equal inputs")
      .option("--reuse <run>", "take everything that passed in that run and has not changed, not only builds")
      .option("--priority <number>", "-100 to 100: jobs of runs with a higher one go first (default: 0)")
      .addHelpText(
        "after",
        SOURCE_HELP +
          "\n" +
          examples(
            ["./kiln submit . --wait", "the project in this folder"],
            ["./kiln submit dist/hello-1.0.tar.gz", "an sdist, with its own kiln.yaml if it has one"],
            ["./kiln submit pypi:markupsafe==3.0.2 --wait", "a release from your index"],
            ["./kiln submit . --release patch --wait", "with what the spec asks of a patch release"],
            ["./kiln submit . --reuse r3 --wait", "only what did not pass in r3, or has changed since"],
            ["./kiln submit . --spec ci/kiln.yaml --wait --json", "the finished run as one JSON document"],
          ) +
          FARM_HELP,
      );
  },
  async run(context, args, options) {
    const release = parseRelease(options.release);
    const priority = parsePriority(options.priority);
    // Before the work: a farm that is not there should not cost a download.
    const client = await connectFarm(context);
    await client.farm();
    const view = await submitSource(context, client, {
      source: argument(args, 0),
      specFile: options.spec ?? null,
      indexUrl: options.indexUrl ?? null,
      release,
      reuse: await chooseReuse(options, async () => client),
      priority,
    });
    if (options.wait === true) return reportWaited(context, view.run);
    context.out.document(view);
    context.out.text(
      `${view.run}  ${candidateTitle(view.candidate)}  ${countsText(view.counts)}${leftOutText(view)}`,
      ...[reusedText(view.jobs)].filter((text) => text !== ""),
      `./kiln watch ${view.run}`,
    );
    return EXIT.passed;
  },
};

/** Throws a usage error. */
function parsePriority(text: string | undefined): number {
  if (text === undefined) return 0;
  const priority = /^-?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (priority >= -100 && priority <= 100) return priority;
  throw usageError(`--priority ${text} is not a whole number from -100 to 100.`);
}

/** null: the farm's default, which takes builds. */
async function chooseReuse(
  { rebuild, reuse }: Options,
  client: () => Promise<FarmClient>,
): Promise<Submission["reuse"]> {
  if (rebuild === true && reuse !== undefined)
    throw usageError("--rebuild runs everything, and --reuse takes results.", "Write one of them.");
  if (reuse !== undefined) return findRun(reuse, client);
  return rebuild === true ? "never" : null;
}

/** `, 12 cells excluded, 40 left out by the reduction`. */
function leftOutText({ excluded, reduced }: RunView): string {
  const parts = [
    excluded.length === 0 ? "" : `, ${count(excluded.length, "cell")} excluded`,
    reduced.length === 0 ? "" : `, ${reduced.length} left out by the reduction`,
  ];
  return parts.join("");
}

export interface Submission {
  readonly source: string;
  readonly specFile: string | null;
  readonly indexUrl: string | null;
  /** null: what the spec says. */
  readonly release: NonNullable<SubmitRunBody["release"]> | null;
  /** null: what the farm does by default. */
  readonly reuse: NonNullable<SubmitRunBody["reuse"]> | null;
  /** -100 … 100; absent: 0. */
  readonly priority?: number;
  /** It is no release, whatever version its files have: nothing is ever compared with it. */
  readonly unversioned?: boolean;
}

/** Packs or fetches the source, stores it in the farm unless it is there, and submits it; gives the run. */
export async function submitSource(context: Context, client: FarmClient, submission: Submission): Promise<RunView> {
  await using source = await prepareSource({
    ...submission,
    cwd: context.cwd,
    env: context.env,
    signal: context.interrupted,
    note: (text) => context.out.note(text),
  });
  const baseline = (await checkSpec(source))?.bench?.baseline;
  if (baseline?.kind === "commit") {
    const { missingCommit } = await import("../planning/missing-commit.ts");
    const missing = missingCommit(baseline, source.candidate.name, await client.runs(RUNS_LOOKED_AT));
    if (missing !== null) context.out.note(missing);
  }
  await upload(context, client, source);
  const { sha256, sizeBytes, filename, candidate, spec } = source;
  return await client.submit({
    spec: spec.text,
    specFile: spec.file === "" ? "kiln.yaml" : spec.file,
    source: { sha256, sizeBytes, filename },
    candidate: submission.unversioned === true ? { ...candidate, version: null } : candidate,
    ...(submission.release === null ? {} : { release: submission.release }),
    ...(submission.priority === undefined || submission.priority === 0 ? {} : { priority: submission.priority }),
    ...(submission.reuse === null ? {} : { reuse: submission.reuse }),
    // A connection that breaks after the farm took the run leads to the same run.
    submissionId: randomUUID(),
  });
}

/** A spec with mistakes is refused here, before its source is sent. */
async function checkSpec(source: PreparedSource): Promise<Spec | null> {
  if (source.spec.text === "") return null;
  const { readSpec } = await import("../planning/read-spec.ts");
  return readSpec(source.spec).spec;
}

async function upload(context: Context, client: FarmClient, source: PreparedSource): Promise<void> {
  if (await client.hasBlob(source.sha256)) return;
  const { filename, sizeBytes } = source;
  if (sizeBytes > 16 * 1024 * 1024) context.out.note(`Sending ${filename}, ${bytes(sizeBytes)}.`);
  const progress = (sent: number): void =>
    context.out.note(`${bytes(sent)} of ${bytes(sizeBytes)} are sent (${Math.floor((100 * sent) / sizeBytes)} %).`);
  await uploadFile(client, source, { progress, signal: context.interrupted });
}

/** Follows a run to its end and says what came of it: with `--json` one document, else as it goes. */
export async function reportWaited(context: Context, run: string): Promise<ExitCode> {
  const { view } = await waitFor(context, run);
  context.out.document(view);
  return exitCodeOfVerdict(view.verdict);
}

async function waitFor(context: Context, run: string): Promise<Watched> {
  const goesOn = (): void => context.out.note(`${run} goes on; ./kiln watch ${run} follows it again.`);
  const watched = await watchRun(context, { run, known: true }, chooseReporter(context), goesOn);
  if (!context.json) context.out.lines(await describeRun(context, await connectFarm(context), watched.view));
  return watched;
}
