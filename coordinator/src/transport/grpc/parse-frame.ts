import { job as jobWire, type results } from "@kiln/proto";
import type { AttemptKey } from "../../domain/attempt-key.ts";
import type { Frame, FrameBody } from "../../domain/frame.ts";
import type { Outcome } from "../../domain/outcome.ts";
import type { Blob } from "../../domain/rows.ts";
import { BadMessageError } from "./bad-message.ts";
import { parseMeasureReport } from "./parse-measure-report.ts";
import { parseTestReport, parseWheelReport } from "./parse-report.ts";

/** Text longer than this is cut: a frame cannot fill the store. */
const TITLE_CHARS_MAX = 300;
const SUMMARY_CHARS_MAX = 1_000;
const EXCERPT_CHARS_MAX = 8_192;

const OUTCOMES: Readonly<Record<jobWire.Outcome, Outcome | null>> = {
  [jobWire.Outcome.UNSPECIFIED]: null,
  [jobWire.Outcome.PASSED]: "passed",
  [jobWire.Outcome.BUILD_FAILED]: "build-failed",
  [jobWire.Outcome.TESTS_FAILED]: "tests-failed",
  [jobWire.Outcome.REGRESSED]: "regressed",
  [jobWire.Outcome.TIMED_OUT]: "timed-out",
  [jobWire.Outcome.OUT_OF_RESOURCES]: "out-of-resources",
  [jobWire.Outcome.BAD_SPEC]: "bad-spec",
  [jobWire.Outcome.INFRASTRUCTURE]: "infrastructure",
  [jobWire.Outcome.AGENT_LOST]: "agent-lost",
  [jobWire.Outcome.CANCELLED]: "cancelled",
  [jobWire.Outcome.NOT_RUN]: "not-run",
};

export function parseKey(ref: jobWire.AttemptRef | undefined): AttemptKey {
  if (!ref || ref.run === 0 || ref.attempt === 0) throw new BadMessageError("a frame names no attempt");
  return { run: ref.run, job: ref.job, attempt: ref.attempt };
}

export function parseFrame(frame: results.ResultFrame): Frame {
  if (frame.seq === 0) throw new BadMessageError("frames count from 1");
  return { seq: frame.seq, atMs: Number(frame.atUnixMs), body: parseBody(frame.body) };
}

function parseBody(body: results.ResultFrame["body"]): FrameBody {
  switch (body.case) {
    case "started":
      return { type: "started", pythonVersion: body.value.pythonVersion.slice(0, 40) };
    case "stepStarted": {
      const { index, title, logOffset } = body.value;
      return { type: "step-started", index, title: title.slice(0, TITLE_CHARS_MAX), logOffset: Number(logOffset) };
    }
    case "log":
      return { type: "log", offset: Number(body.value.offset), data: body.value.data };
    case "stepFinished": {
      const { index, exitCode, durationMs } = body.value;
      return { type: "step-finished", index, exitCode, durationMs };
    }
    case "artifact":
      return { type: "artifact", role: body.value.role.slice(0, 40), blob: parseBlob(body.value.blob) };
    case "wheelReport":
      return { type: "report", report: parseWheelReport(body.value) };
    case "testReport":
      return { type: "report", report: parseTestReport(body.value) };
    case "measureReport":
      return { type: "report", report: parseMeasureReport(body.value) };
    case "finished": {
      const { outcome, summary, excerpt, logBytesDropped } = body.value;
      const known = OUTCOMES[outcome];
      if (!known) throw new BadMessageError(`a frame has the unknown outcome ${outcome}`);
      return {
        type: "finished",
        outcome: known,
        summary: summary.slice(0, SUMMARY_CHARS_MAX),
        excerpt: excerpt.slice(0, EXCERPT_CHARS_MAX),
        logBytesDropped: Number(logBytesDropped),
      };
    }
    case undefined:
      throw new BadMessageError("a frame has no body that this coordinator knows");
  }
}

function parseBlob(blob: jobWire.BlobRef | undefined): Blob {
  if (!blob || !/^[0-9a-f]{64}$/.test(blob.sha256)) throw new BadMessageError("an artifact has no digest");
  if (blob.filename === "" || /[/\\\0]/.test(blob.filename) || blob.filename.length > 255) {
    throw new BadMessageError("an artifact's file name is empty, too long or has folders");
  }
  return { sha256: blob.sha256, sizeBytes: Number(blob.sizeBytes), filename: blob.filename };
}
