import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { agent as wire } from "@kiln/proto";
import { expect, test } from "vitest";
import { encodeFrame } from "../wire/encode-frame.ts";
import { BatchWriter } from "./batch-writer.ts";

const buffer = Buffer.alloc(128 * 1024);

function logFrame(seq: number, length: number): Buffer {
  const body = { type: "log", offset: 0, data: Buffer.alloc(length, seq) } as const;
  return buffer.subarray(0, encodeFrame(buffer, 0, { ref: { run: 1, job: 2, attempt: 3 }, seq, atMs: 4, body }));
}

test("a batch decodes to its frames, in order, whatever their number and size", () => {
  const writer = new BatchWriter();
  const lengths = fc.array(fc.oneof(fc.nat(40), fc.constant(65_536)), { maxLength: 20 });
  fc.assert(
    fc.property(lengths, (sizes) => {
      writer.clear();
      sizes.forEach((size, i) => writer.add(logFrame(i + 1, size)));
      const { message } = fromBinary(wire.StreamResultsRequestSchema, writer.message());
      if (message.case !== "frames") throw new Error(`it is ${message.case}`);
      const frames = message.value.frames.map(({ seq, body }) => [
        seq,
        body.case === "log" ? body.value.data.length : -1,
      ]);
      expect(frames).toEqual(sizes.map((size, i) => [i + 1, size]));
    }),
    { numRuns: 30 },
  );
});

test("a message already made does not change with the next batch", () => {
  const writer = new BatchWriter();
  writer.add(logFrame(1, 100));
  const first = writer.message();
  const before = Buffer.from(first);
  writer.clear();
  writer.add(logFrame(2, 100));
  writer.message();
  expect(first).toEqual(before);
});
