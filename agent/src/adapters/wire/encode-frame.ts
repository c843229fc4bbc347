import { create, toBinary } from "@bufbuild/protobuf";
import { job as jobWire, results } from "@kiln/proto";
import type { AttemptRef } from "../../domain/attempt-key.ts";
import { LOG_CHUNK_BYTES_MAX, type FrameBody } from "../../domain/frame.ts";
import type { Outcome } from "../../domain/outcome.ts";
import { reportMessage } from "./report-message.ts";
import { varint, varintLength } from "./varint.ts";

const OUTCOMES: Readonly<Record<Outcome, jobWire.Outcome>> = {
  passed: jobWire.Outcome.PASSED,
  "build-failed": jobWire.Outcome.BUILD_FAILED,
  "tests-failed": jobWire.Outcome.TESTS_FAILED,
  "timed-out": jobWire.Outcome.TIMED_OUT,
  "out-of-resources": jobWire.Outcome.OUT_OF_RESOURCES,
  "bad-spec": jobWire.Outcome.BAD_SPEC,
  infrastructure: jobWire.Outcome.INFRASTRUCTURE,
  "agent-lost": jobWire.Outcome.AGENT_LOST,
  cancelled: jobWire.Outcome.CANCELLED,
};

/** Room that a log frame needs beside its data. */
const LOG_FRAME_OVERHEAD = 64;
export const LOG_FRAME_BYTES_MAX = LOG_CHUNK_BYTES_MAX + LOG_FRAME_OVERHEAD;

/**
 * Writes the bytes of a `kiln.v1.ResultFrame` to `buffer` from `at`; returns
 * where they end. The buffer has room for LOG_FRAME_BYTES_MAX bytes, which also
 * covers every other frame. Log frames, the hot ones, are written by hand in
 * one copy; they come out as the generated code would write them.
 */
export function encodeFrame(
  buffer: Buffer,
  at: number,
  frame: { readonly ref: AttemptRef; readonly seq: number; readonly atMs: number; readonly body: FrameBody },
): number {
  const { ref, seq, atMs, body } = frame;
  if (body.type === "log") return encodeLogFrame(buffer, at, ref, seq, atMs, body.offset, body.data);
  const message = create(results.ResultFrameSchema, {
    attempt: ref,
    seq,
    atUnixMs: BigInt(atMs),
    body: bodyMessage(body),
  });
  const bytes = toBinary(results.ResultFrameSchema, message);
  buffer.set(bytes, at);
  return at + bytes.length;
}

function bodyMessage(body: Exclude<FrameBody, { type: "log" }>): results.ResultFrame["body"] {
  switch (body.type) {
    case "started":
      return { case: "started", value: create(results.StartedSchema, { pythonVersion: body.pythonVersion }) };
    case "step-started": {
      const { index, title, logOffset } = body;
      return {
        case: "stepStarted",
        value: create(results.StepStartedSchema, { index, title, logOffset: BigInt(logOffset) }),
      };
    }
    case "step-finished": {
      const { index, exitCode, durationMs } = body;
      return { case: "stepFinished", value: create(results.StepFinishedSchema, { index, exitCode, durationMs }) };
    }
    case "artifact": {
      const { sha256, sizeBytes, filename } = body.blob;
      const blob = create(jobWire.BlobRefSchema, { sha256, sizeBytes: BigInt(sizeBytes), filename });
      return { case: "artifact", value: create(results.ArtifactSchema, { blob, role: body.role }) };
    }
    case "report":
      return reportMessage(body.report);
    case "finished": {
      const { outcome, summary, excerpt, logBytesDropped } = body;
      const value = { outcome: OUTCOMES[outcome], summary, excerpt, logBytesDropped: BigInt(logBytesDropped) };
      return { case: "finished", value: create(results.FinishedSchema, value) };
    }
  }
}

function encodeLogFrame(
  buffer: Buffer,
  start: number,
  ref: AttemptRef,
  seq: number,
  atMs: number,
  offset: number,
  data: Uint8Array,
): number {
  let at = start;
  // attempt = 1
  buffer[at++] = 0x0a;
  const attemptAt = at++;
  at = uintField(buffer, at, 0x08, ref.run);
  at = uintField(buffer, at, 0x10, ref.job);
  at = uintField(buffer, at, 0x18, ref.attempt);
  buffer[attemptAt] = at - attemptAt - 1;
  at = uintField(buffer, at, 0x10, seq);
  at = uintField(buffer, at, 0x18, atMs);
  // log = 6 { offset = 1, data = 2 }
  const dataField = data.length === 0 ? 0 : 1 + varintLength(data.length) + data.length;
  const offsetField = offset === 0 ? 0 : 1 + varintLength(offset);
  buffer[at++] = 0x32;
  at = varint(buffer, at, offsetField + dataField);
  at = uintField(buffer, at, 0x08, offset);
  if (data.length === 0) return at;
  buffer[at++] = 0x12;
  at = varint(buffer, at, data.length);
  buffer.set(data, at);
  return at + data.length;
}

/** Zero, the default, is not written. */
function uintField(buffer: Buffer, at: number, tag: number, value: number): number {
  if (value === 0) return at;
  buffer[at] = tag;
  return varint(buffer, at + 1, value);
}
