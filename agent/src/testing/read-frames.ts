import { fromBinary } from "@bufbuild/protobuf";
import { results } from "@kiln/proto";
import type { SpooledAttempt } from "../ports/spool.ts";

/** Every frame of an attempt, decoded, from the first. */
export function readFrames(attempt: SpooledAttempt): results.ResultFrame[] {
  const frames: results.ResultFrame[] = [];
  attempt.rewind(1);
  while (attempt.read(1e9, (frame) => frames.push(fromBinary(results.ResultFrameSchema, Buffer.from(frame)))) > 0);
  return frames;
}

/** The log that the frames hold, put together by offset. */
export function logOf(frames: readonly results.ResultFrame[]): string {
  return logBytesOf(frames).toString();
}

export function logBytesOf(frames: readonly results.ResultFrame[]): Buffer {
  let end = 0;
  const chunks: Uint8Array[] = [];
  for (const { body } of frames) {
    if (body.case !== "log") continue;
    if (Number(body.value.offset) !== end) throw new Error(`a chunk at ${body.value.offset}, expected ${end}`);
    end += body.value.data.length;
    chunks.push(body.value.data);
  }
  return Buffer.concat(chunks);
}
