import type { Frame, FrameBody } from "./frame.ts";
import type { ArtifactRow, AttemptRow, StepRow } from "./rows.ts";
import type { AttemptChange } from "./store-op.ts";

/** What is known of an attempt from the frames accepted so far. */
export interface AttemptProgress {
  /** Frames up to this one were accepted; up to `durableSeq` they are also on disk. */
  readonly acceptedSeq: number;
  readonly durableSeq: number;
  /** The last frame was there: nothing may follow. */
  readonly isFinished: boolean;
  /** Where the next log byte belongs. */
  readonly logEnd: number;
  readonly steps: readonly StepRow[];
  readonly artifacts: readonly ArtifactRow[];
  readonly reports: AttemptRow["reports"];
}

const STEPS_MAX = 200;
const ARTIFACTS_MAX = 100;
/** How far an agent may write past the limit it was given: its mark at the end, and one frame. */
const LOG_SLACK_BYTES = 128 * 1024;

export function newProgress(): AttemptProgress {
  return { acceptedSeq: 0, durableSeq: 0, isFinished: false, logEnd: 0, steps: [], artifacts: [], reports: [] };
}

/** After a restart everything beyond the durable frames is asked for again. */
export function restoreProgress(row: AttemptRow): AttemptProgress {
  return {
    acceptedSeq: row.ackedSeq,
    durableSeq: row.ackedSeq,
    isFinished: false,
    logEnd: row.logBytes,
    steps: row.steps,
    artifacts: row.artifacts,
    reports: row.reports,
  };
}

export type FrameVerdict =
  | { readonly type: "accepted"; readonly progress: AttemptProgress }
  /** Seen before: nothing to do. */
  | { readonly type: "duplicate" }
  /** A frame is missing before this one: the stream must resume. */
  | { readonly type: "gap"; readonly expectedSeq: number }
  /** The agent broke the contract; the attempt cannot go on. */
  | { readonly type: "violation"; readonly message: string };

/** Takes one frame. `logBytesMax` is the limit that the job was given. */
export function acceptFrame(progress: AttemptProgress, frame: Frame, logBytesMax: number): FrameVerdict {
  if (frame.seq <= progress.acceptedSeq) return { type: "duplicate" };
  if (frame.seq !== progress.acceptedSeq + 1) return { type: "gap", expectedSeq: progress.acceptedSeq + 1 };
  if (progress.isFinished) return violation("it went on after its end");
  const next = { ...progress, acceptedSeq: frame.seq, isFinished: frame.body.type === "finished" };
  return acceptBody(next, frame.body, logBytesMax);
}

function acceptBody(progress: AttemptProgress, body: FrameBody, logBytesMax: number): FrameVerdict {
  switch (body.type) {
    case "started":
    case "finished":
      return { type: "accepted", progress };
    case "log": {
      if (body.offset !== progress.logEnd) {
        return violation(`its log goes on at byte ${body.offset}, expected ${progress.logEnd}`);
      }
      const logEnd = progress.logEnd + body.data.length;
      if (logEnd > logBytesMax + LOG_SLACK_BYTES)
        return violation(`its log is longer than its limit of ${logBytesMax} bytes`);
      return { type: "accepted", progress: { ...progress, logEnd } };
    }
    case "step-started": {
      if (body.index !== progress.steps.length)
        return violation(`step ${body.index} came after ${progress.steps.length}`);
      if (body.index >= STEPS_MAX) return violation(`it has more than ${STEPS_MAX} steps`);
      const step = { title: body.title, logOffset: body.logOffset, exitCode: null, durationMs: null };
      return { type: "accepted", progress: { ...progress, steps: [...progress.steps, step] } };
    }
    case "step-finished": {
      const step = progress.steps[body.index];
      if (!step) return violation(`step ${body.index} ended before it began`);
      const done = { ...step, exitCode: body.exitCode, durationMs: body.durationMs };
      return { type: "accepted", progress: { ...progress, steps: progress.steps.with(body.index, done) } };
    }
    case "artifact": {
      if (progress.artifacts.length >= ARTIFACTS_MAX) return violation(`it has more than ${ARTIFACTS_MAX} artifacts`);
      const artifacts = [...progress.artifacts, { role: body.role, blob: body.blob }];
      return { type: "accepted", progress: { ...progress, artifacts } };
    }
    case "report": {
      const { report } = body;
      if (progress.reports.some(({ kind }) => kind === report.kind))
        return violation(`it has two ${report.kind} reports`);
      return { type: "accepted", progress: { ...progress, reports: [...progress.reports, report] } };
    }
  }
}

function violation(message: string): FrameVerdict {
  return { type: "violation", message };
}

/** What to record once everything accepted is durable. */
export function durableChange(progress: AttemptProgress): AttemptChange {
  const { acceptedSeq, logEnd, steps, artifacts, reports } = progress;
  return { ackedSeq: acceptedSeq, logBytes: logEnd, steps, artifacts, reports };
}
