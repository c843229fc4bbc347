import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessEnd } from "../../domain/classify.ts";
import { importNames } from "../../domain/import-names.ts";
import { repeatStep, type StepKind } from "../../domain/job-steps.ts";
import type { CommandCheck } from "../../domain/job.ts";
import { RepeatedTests } from "../../domain/test-results/repeated-tests.ts";
import type { ResultsSink } from "../../domain/test-results/results-elements.ts";
import { collectedNothing, pytestCalls, pytestOptions, stoppedEarly } from "../../domain/test-results/test-command.ts";
import { FAILURES_KEPT_MAX, TestTally } from "../../domain/test-results/test-tally.ts";
import { copyTestFiles } from "./copy-test-files.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { keepScanFiles } from "./keep-scan-files.ts";
import { readOwnFile } from "./own-file.ts";
import { readResults, type ResultsFile, type ResultsRead } from "./read-results.ts";
import { shellCommand } from "./shell-command.ts";
import { agents, DONE, failed, type ActionsOf } from "./step-tools.ts";

/** Files of results that are stored, of all runs of a job's command together. */
const FILES_STORED_MAX = 60;
const LASTFAILED_BYTES_MAX = 16 * 1024 ** 2;
/** Tests that a sentence names. */
const NAMES_MAX = 3;
/** pytest's own exit status for tests that failed, all others having run. */
const TESTS_FAILED = 1;

/** Steps that run a job's own command. */
export const TEST_ACTIONS = {
  "run-command": async ({ check }, context) => {
    const copied = await copyFiles(check, context);
    if (!copied.ok) return copied;
    context.note(`$ ${check.command}`);
    const results = join(context.folder.results, "0");
    await mkdir(results);
    const spec = { ...shellCommand(check.command, context.folder.temporary), cwd: context.folder.test };
    const end = await context.command(spec, { drop: null, set: { KILN_RESULTS: results } });
    // Findings are kept also where the scanner ends with an error because of them.
    const kept = await keepScanFiles(results, context);
    if (end.exitCode !== 0) return failed(context, "run-command", end);
    return kept;
  },

  "run-tests": async ({ check, repeatFailed }, context) => {
    const copied = await copyFiles(check, context);
    if (!copied.ok) return copied;
    const tally = new TestTally();
    context.progress.tests = { tally, filesStored: 0 };
    const run = await runTests(context, check, { round: 0, remembers: repeatFailed > 0 }, tally);
    if (!run.read.ok) return spoiled(context, "run-tests", run.end, run.read.message);
    const stored = await storeFiles(context, run.read.files, "");
    if (!stored.ok) return stored;
    const hasJunit = run.read.files.some(({ role }) => role === "junit");
    if (!hasJunit) return withoutReport(context, check, run.end);
    if (tally.counts.tests === 0 || collectedNothing(check.command, run.end.exitCode)) {
      context.report(tally.report());
      return nothingCollected(run.end);
    }
    const { exitCode } = run.end;
    if (tally.bad > 0 && repeatFailed > 0 && (await canRepeat(context, tally, run.end))) {
      return { ok: true, exitCode, next: repeatStep(check, 1, repeatFailed) };
    }
    return concluded(context, "run-tests", tally, run.end);
  },

  "repeat-failed": async ({ check, round, rounds }, context) => {
    const { tests } = context.progress;
    if (!tests) throw new Error("tests cannot be run again before they were run");
    const { tally } = tests;
    const repeated = new RepeatedTests();
    const run = await runTests(context, check, { round, remembers: true }, repeated);
    if (!run.read.ok) {
      context.report(tally.report());
      return spoiled(context, "repeat-failed", run.end, run.read.message);
    }
    const stored = await storeFiles(context, run.read.files, `repeat-${round}-`);
    if (!stored.ok) return stored;
    tally.markFlaky(repeated.passed);
    const { exitCode, signal } = run.end;
    if (tally.bad > 0 && round < rounds && exitCode === TESTS_FAILED && signal === null) {
      return { ok: true, exitCode, next: repeatStep(check, round + 1, rounds) };
    }
    return concluded(context, "repeat-failed", tally, run.end);
  },
} as const satisfies Partial<ActionsOf<StepKind>>;

async function copyFiles({ files }: CommandCheck, context: JobContext): Promise<StepEnd> {
  const names = importNames(context.progress.installed?.paths ?? []);
  const copied = await copyTestFiles(files, context.folder.source, context.folder.test, names);
  return copied.ok ? DONE : agents("bad-spec", copied.message);
}

/** Runs the test command and reads what it has written. Round 0 is the first, later ones run what failed before. */
async function runTests(
  context: JobContext,
  { command }: CommandCheck,
  { round, remembers }: { readonly round: number; readonly remembers: boolean },
  sink: ResultsSink,
): Promise<{ readonly end: ProcessEnd; readonly read: ResultsRead }> {
  const folder = join(context.folder.results, String(round));
  await mkdir(folder);
  const options = pytestOptions(context.job.env["PYTEST_ADDOPTS"], {
    junit: join(folder, "pytest.xml"),
    cache: remembers ? cacheFolder(context) : null,
    isRepeat: round > 0,
  });
  context.note(`$ ${command}`);
  if (round === 0 && pytestCalls(command) > 1 && !/--junit-?xml/.test(command)) {
    context.note(
      "it calls pytest more than once, and the report is of the last: --junitxml=$KILN_RESULTS/NAME.xml keeps all",
    );
  }
  const spec = { ...shellCommand(command, context.folder.temporary), cwd: context.folder.test };
  const end = await context.command(spec, { drop: null, set: { KILN_RESULTS: folder, PYTEST_ADDOPTS: options } });
  const read = await readResults(folder, { within: context.folder.results, testRoot: context.folder.test }, sink);
  return { end, read };
}

function cacheFolder(context: JobContext): string {
  return join(context.folder.temporary, "kiln-pytest-cache");
}

/** Only pytest can be told which tests to run again, when it has run all of them before. Says why not. */
async function canRepeat(context: JobContext, tally: TestTally, end: ProcessEnd): Promise<boolean> {
  const no = (why: string): false => {
    context.note(`the failed tests are not run again: ${why}`);
    return false;
  };
  if (end.signal !== null || end.exitCode !== TESTS_FAILED) {
    return no(`the command ended with exit status ${end.exitCode}, not with ${TESTS_FAILED}`);
  }
  if (tally.bad > FAILURES_KEPT_MAX) return no(`${tally.bad} are more than ${FAILURES_KEPT_MAX}`);
  if (stoppedEarly(context.stepOutputTail())) return no("pytest stopped before it had run all tests (-x or --maxfail)");
  const cache = cacheFolder(context);
  const path = join(cache, "v", "cache", "lastfailed");
  const known = await readOwnFile(path, context.folder.temporary, LASTFAILED_BYTES_MAX).catch(() => null);
  if (known === null || !/"/.test(known)) return no("no pytest has kept a list of them (is its cache plugin off?)");
  return true;
}

/** The verdict once no test will be run again. */
function concluded(context: JobContext, step: StepKind, tally: TestTally, end: ProcessEnd): StepEnd {
  const report = tally.report();
  context.report(report);
  if (end.exitCode !== 0) return failed(context, step, end);
  if (tally.bad > 0) {
    const names = report.failures.filter(({ outcome }) => outcome !== "flaky").map(({ name }) => name);
    const count = tally.bad === 1 ? "a failed test" : `${tally.bad} failed tests`;
    return agents(
      "tests-failed",
      `the command ended with exit status 0, and its results have ${count}: ${someOf(names)}`,
    );
  }
  const { flakyNames } = tally;
  if (tally.counts.flaky > 0) {
    const count = flakyNames.length === 1 ? "1 flaky test" : `${flakyNames.length} flaky tests`;
    context.progress.remark = `${count}: ${someOf(flakyNames)}`;
    context.note(context.progress.remark);
  }
  return DONE;
}

/** Without a JUnit file the exit status is all there is. */
function withoutReport(context: JobContext, { command }: CommandCheck, end: ProcessEnd): StepEnd {
  if (collectedNothing(command, end.exitCode)) return nothingCollected(end);
  if (end.exitCode !== 0) return failed(context, "run-tests", end);
  if (pytestCalls(command) > 0) {
    context.note("pytest left no JUnit file in $KILN_RESULTS: the job passes by its exit status, without a report");
  }
  return DONE;
}

function nothingCollected({ exitCode }: ProcessEnd): StepEnd {
  const verdict = { outcome: "tests-failed", summary: "no tests were collected" } as const;
  return { ok: false, exitCode: exitCode === 0 ? 1 : exitCode, verdict, isAgents: true };
}

/** Results that cannot be read are never taken for a pass. */
function spoiled(context: JobContext, step: StepKind, end: ProcessEnd, message: string): StepEnd {
  const summary = `the test results cannot be read: ${message}`;
  if (end.exitCode === 0) return agents("tests-failed", summary);
  context.note(summary);
  return failed(context, step, end);
}

async function storeFiles(context: JobContext, files: readonly ResultsFile[], prefix: string): Promise<StepEnd> {
  const { tests } = context.progress;
  for (const [at, { path, name, role }] of files.entries()) {
    if (!tests || tests.filesStored >= FILES_STORED_MAX) {
      context.note(
        `${files.length - at} files of results are in the report and not stored: the limit is ${FILES_STORED_MAX}`,
      );
      break;
    }
    const filename = `${prefix}${name}`.replaceAll(/[^\w.+-]/g, "_").slice(-200);
    const stored = await context.blobs.store(await context.withoutSecrets(path), filename, context.signal);
    if (!stored.ok) return agents("infrastructure", `${name} could not be stored: ${stored.message}`);
    context.artifact(role, stored.blob);
    tests.filesStored++;
  }
  return DONE;
}

function someOf(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return names.slice(0, NAMES_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
