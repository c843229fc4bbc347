import { createHash } from "node:crypto";
import type { AgentEntry } from "../agent-journal.ts";
import type { FarmEntry } from "../journal.ts";
import { attemptName, jobKey, type AttemptRow, type Evidence, type JobRow } from "./evidence.ts";
import { linesLog } from "./expected-log.ts";

/** Says in sentences where it does not hold. */
type Invariant = (evidence: Evidence) => string[];

type Promised<Event extends FarmEntry["event"]> = Extract<FarmEntry, { event: Event }>;

function promised<Event extends FarmEntry["event"]>(evidence: Evidence, event: Event): Promised<Event>[] {
  return evidence.promises.filter((entry): entry is Promised<Event> => entry.event === event);
}

function runNumber(run: string): number {
  return Number(run.slice(1));
}

/** What may end an attempt without being the candidate's doing. */
const RETRIED: ReadonlySet<string | null> = new Set(["infrastructure", "agent-lost"]);

const storeIsWhole: Invariant = ({ damage }) => damage.map((text) => `the store is damaged: ${text}`);

const acceptedRunsAreThere: Invariant = (evidence) => {
  const accepted = promised(evidence, "run-accepted").map(({ run }) => runNumber(run));
  const told = new Set(accepted);
  return [
    ...accepted.filter((run) => !evidence.runs.has(run)).map((run) => `run r${run} was accepted and is not there`),
    ...[...evidence.runs.keys()].filter((run) => !told.has(run)).map((run) => `run r${run} was never asked for`),
    ...[...evidence.runs.values()]
      .filter(({ state, verdict }) => state !== "finished" || verdict === null)
      .map(({ run, state }) => `run r${run} is ${state}, not finished`),
  ];
};

const everyJobHasOneOutcome: Invariant = (evidence) => {
  const seen = new Map<string, string>();
  const problems: string[] = [];
  for (const { run, job, outcome } of promised(evidence, "job-finished")) {
    const before = seen.get(`${run} ${job}`);
    if (before !== undefined && before !== outcome)
      problems.push(`${run} ${job} was shown as ${before}, then as ${outcome}`);
    seen.set(`${run} ${job}`, outcome);
  }
  for (const job of evidence.jobs) {
    const name = `r${job.run} ${evidence.runs.get(job.run)?.jobNames[job.job] ?? job.job}`;
    if (job.state !== "finished" || job.outcome === null) problems.push(`${name} is ${job.state} without an end`);
    const shown = seen.get(name);
    if (shown !== undefined && shown !== job.outcome)
      problems.push(`${name} was shown as ${shown} and is ${job.outcome}`);
    problems.push(...attemptsAgree(job, evidence.attempts.get(jobKey(job)) ?? []).map((text) => `${name}: ${text}`));
  }
  return problems;
};

function attemptsAgree(job: JobRow, attempts: readonly AttemptRow[]): string[] {
  const problems: string[] = [];
  if (attempts.length !== job.attempts) problems.push(`it counts ${job.attempts} attempts and has ${attempts.length}`);
  for (const [index, { attempt, state, outcome }] of attempts.entries()) {
    if (attempt !== index + 1) problems.push(`its attempts are not numbered from 1 without a gap`);
    if (state !== "finished" || outcome === null) problems.push(`attempt ${attempt} is ${state} without an end`);
    const isLast = index === attempts.length - 1;
    if (!isLast && !RETRIED.has(outcome))
      problems.push(`attempt ${attempt} ended as ${outcome}, and another followed it`);
    if (isLast && outcome !== job.outcome && job.outcome !== "cancelled") {
      problems.push(`it is ${job.outcome}, its last attempt ${outcome}`);
    }
  }
  return problems;
}

const outcomesAreWhatJobsWereTold: Invariant = (evidence) => {
  const problems: string[] = [];
  const outcomes = new Map(evidence.jobs.map((job) => [jobKey(job), job.outcome]));
  const accepted = new Map(promised(evidence, "run-accepted").map((entry) => [runNumber(entry.run), entry]));
  for (const job of evidence.jobs) {
    const entry = accepted.get(job.run);
    const script = job.kind === "build" ? entry?.build : job.kind === "test" ? entry?.test : undefined;
    if (!entry || !script || job.outcome === script.outcome) continue;
    const needs = evidence.runs.get(job.run)?.needs[job.job] ?? [];
    const lacksNeed = needs.some((need) => outcomes.get(jobKey({ run: job.run, job: need })) !== "passed");
    const isExcused =
      (job.outcome === "not-run" && lacksNeed) ||
      (job.outcome === "cancelled" && entry.isCancelled) ||
      (RETRIED.has(job.outcome) && job.attempts === entry.retries + 1);
    if (isExcused) continue;
    problems.push(
      `r${job.run} job ${job.job} was to end as ${script.outcome} and ended as ${job.outcome} after ${job.attempts} attempts`,
    );
  }
  return problems;
};

const budgetsAreKept: Invariant = (evidence) => {
  const retries = new Map(promised(evidence, "run-accepted").map((entry) => [runNumber(entry.run), entry.retries]));
  return evidence.jobs
    .filter(({ run, attempts }) => attempts > (retries.get(run) ?? 0) + 1)
    .map(({ run, job, attempts }) => `r${run} job ${job} had ${attempts} attempts with ${retries.get(run)} retries`);
};

const acknowledgedFramesAreKept: Invariant = (evidence) => {
  const problems: string[] = [];
  const cancelled = new Set(
    promised(evidence, "run-accepted").flatMap(({ run, isCancelled }) => (isCancelled ? [runNumber(run)] : [])),
  );
  for (const entry of evidence.agentEntries) {
    if (entry.event !== "acked") continue;
    const name = attemptName(entry);
    const stored = evidence.attempts.get(jobKey(entry))?.find(({ attempt }) => attempt === entry.attempt);
    if (!stored) {
      problems.push(`${name}: frame ${entry.seq} was acknowledged, and the attempt is not there`);
      continue;
    }
    if (stored.ackedSeq < entry.seq) {
      problems.push(`${name}: frame ${entry.seq} was acknowledged, the store knows ${stored.ackedSeq}`);
    }
    const kept = Math.min(stored.logBytes, evidence.logs.get(name)?.length ?? 0);
    if (kept < entry.logBytes)
      problems.push(`${name}: ${entry.logBytes} log bytes were acknowledged, ${kept} are kept`);
    const isCancel = cancelled.has(entry.run) && stored.outcome === "cancelled";
    if (entry.outcome !== null && entry.outcome !== stored.outcome && !isCancel) {
      problems.push(`${name}: its end as ${entry.outcome} was acknowledged, the store has ${stored.outcome}`);
    }
  }
  return problems;
};

const logsAreWhatWasPrinted: Invariant = (evidence) => {
  const problems: string[] = [];
  const expected = new Map<number, Buffer>();
  const accepted = new Map(promised(evidence, "run-accepted").map((entry) => [runNumber(entry.run), entry]));
  const kinds = new Map(evidence.jobs.map((job) => [jobKey(job), job.kind]));
  for (const attempt of [...evidence.attempts.values()].flat()) {
    const entry = accepted.get(attempt.run);
    const lines = (kinds.get(jobKey(attempt)) === "build" ? entry?.build : entry?.test)?.lines ?? null;
    const log = evidence.logs.get(attemptName(attempt)) ?? Buffer.alloc(0);
    const name = `the log of ${attemptName(attempt)} (${attempt.outcome})`;
    if (log.length < attempt.logBytes)
      problems.push(`${name} has ${log.length} bytes, the store says ${attempt.logBytes}`);
    if (lines === null) continue;
    let whole = expected.get(lines);
    if (!whole) expected.set(lines, (whole = linesLog(lines)));
    if (!log.equals(whole.subarray(0, log.length))) problems.push(`${name} is not what was printed`);
    if (attempt.outcome === "passed" && (log.length !== whole.length || attempt.logBytes !== whole.length)) {
      problems.push(`${name} has ${log.length} bytes of ${whole.length}, the store says ${attempt.logBytes}`);
    }
  }
  const known = new Set([...evidence.attempts.values()].flat().map(attemptName));
  for (const name of evidence.logs.keys())
    if (!known.has(name)) problems.push(`there is a log of ${name}, and no attempt`);
  return [...problems, ...readersWereToldTheTruth(evidence)];
};

function readersWereToldTheTruth(evidence: Evidence): string[] {
  return promised(evidence, "log-read").flatMap(({ run, job, attempt, bytes, sha256 }) => {
    const place = evidence.runs.get(runNumber(run))?.jobNames.indexOf(job) ?? -1;
    const log = evidence.logs.get(`${runNumber(run)}.${place}.${attempt}`) ?? Buffer.alloc(0);
    const digest = createHash("sha256").update(log.subarray(0, bytes)).digest("hex");
    return digest === sha256
      ? []
      : [`a reader of the log of ${run} ${job} saw ${bytes} bytes that are not there any more`];
  });
}

/**
 * An agent that was killed may get an old assignment once more after its next
 * start, and begin it: allowed when the coordinator had said before that the
 * attempt is over, because then it runs under no lease.
 */
const attemptsRunUnderOneLease: Invariant = (evidence) => {
  const problems: string[] = [];
  const executed = new Map<string, Extract<AgentEntry, { event: "executed" }>>();
  const over = new Set<string>();
  for (const entry of evidence.agentEntries) {
    if (entry.event === "process") continue;
    const name = attemptName(entry);
    if (entry.event === "refused" || (entry.event === "acked" && entry.outcome !== null)) over.add(name);
    if (entry.event !== "executed") continue;
    const before = executed.get(name);
    if (before && (before.agent !== entry.agent || !over.has(name))) {
      problems.push(`${name} ran twice: on ${before.agent} (${before.pid}) and on ${entry.agent} (${entry.pid})`);
    }
    executed.set(name, entry);
  }
  for (const attempt of [...evidence.attempts.values()].flat()) {
    const name = attemptName(attempt);
    const entry = executed.get(name);
    executed.delete(name);
    if (entry && entry.agent !== attempt.agent)
      problems.push(`${name} was ${attempt.agent}'s and ran on ${entry.agent}`);
    if (!entry && attempt.startedAt !== null) problems.push(`${name} is said to have begun, and ran nowhere`);
  }
  for (const name of executed.keys()) problems.push(`${name} ran, and the store does not know it`);
  return problems;
};

const blobsAreWhole: Invariant = (evidence) => {
  const problems = evidence.damagedBlobs.map((digest) => `blob ${digest} has other bytes than its name says`);
  const need = (what: string, sha256: string, sizeBytes: number): void => {
    if (evidence.blobs.get(sha256) !== sizeBytes) problems.push(`${what} ${sha256} of ${sizeBytes} bytes is not there`);
  };
  for (const { sha256, sizeBytes } of promised(evidence, "blob-stored")) need("stored blob", sha256, sizeBytes);
  for (const attempt of [...evidence.attempts.values()].flat()) {
    for (const { sha256, sizeBytes } of attempt.artifacts)
      need(`artifact of ${attemptName(attempt)}`, sha256, sizeBytes);
  }
  return problems;
};

const nothingIsLeft: Invariant = ({ processesLeft, spooled }) => [
  ...processesLeft.map((pid) => `process ${pid} is left running`),
  ...spooled.map((file) => `an attempt is left in a spool: ${file}`),
];

/** What must be so however the farm was treated. */
export const INVARIANTS: readonly Invariant[] = [
  storeIsWhole,
  acceptedRunsAreThere,
  everyJobHasOneOutcome,
  outcomesAreWhatJobsWereTold,
  budgetsAreKept,
  acknowledgedFramesAreKept,
  logsAreWhatWasPrinted,
  attemptsRunUnderOneLease,
  blobsAreWhole,
  nothingIsLeft,
];
