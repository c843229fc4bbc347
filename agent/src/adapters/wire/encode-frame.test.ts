import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { results } from "@kiln/proto";
import { expect, test } from "vitest";
import type { FrameBody } from "../../domain/frame.ts";
import { encodeFrame, LOG_FRAME_BYTES_MAX } from "./encode-frame.ts";
import { varint, varintLength } from "./varint.ts";

const uint32 = (min: number) => fc.integer({ min, max: 2 ** 32 - 1 });
const ref = fc.record({ run: uint32(1), job: uint32(0), attempt: uint32(1) });

test("a log frame written by hand is byte for byte what the generated code writes", () => {
  const buffer = Buffer.alloc(LOG_FRAME_BYTES_MAX + 16);
  fc.assert(
    fc.property(
      ref,
      uint32(1),
      fc.maxSafeNat(),
      fc.maxSafeNat(),
      fc.uint8Array({ maxLength: 300 }),
      (attempt, seq, atMs, offset, data) => {
        const end = encodeFrame(buffer, 7, { ref: attempt, seq, atMs, body: { type: "log", offset, data } });
        const log = create(results.LogChunkSchema, { offset: BigInt(offset), data });
        const message = create(results.ResultFrameSchema, {
          attempt,
          seq,
          atUnixMs: BigInt(atMs),
          body: { case: "log", value: log },
        });
        expect(buffer.subarray(7, end)).toEqual(Buffer.from(toBinary(results.ResultFrameSchema, message)));
      },
    ),
  );
});

test("the largest log frame fits into the room reserved for one", () => {
  const body = { type: "log", offset: Number.MAX_SAFE_INTEGER, data: new Uint8Array(64 * 1024) } as const;
  const most = { run: 2 ** 32 - 1, job: 2 ** 32 - 1, attempt: 2 ** 32 - 1 };
  const buffer = Buffer.alloc(LOG_FRAME_BYTES_MAX);
  const end = encodeFrame(buffer, 0, { ref: most, seq: 2 ** 32 - 1, atMs: Number.MAX_SAFE_INTEGER, body });
  expect(end).toBeLessThanOrEqual(LOG_FRAME_BYTES_MAX);
});

test.each<FrameBody>([
  { type: "started", pythonVersion: "3.12.1" },
  { type: "step-started", index: 2, title: "build", logOffset: 12 },
  { type: "step-finished", index: 2, exitCode: 139, durationMs: 77 },
  { type: "artifact", role: "wheel", blob: { sha256: "a".repeat(64), sizeBytes: 3, filename: "x.whl" } },
  { type: "finished", outcome: "out-of-resources", summary: "s", excerpt: "é", logBytesDropped: 9 },
])("a $type frame reads back", (body) => {
  const buffer = Buffer.alloc(4096);
  const end = encodeFrame(buffer, 0, { ref: { run: 1, job: 0, attempt: 1 }, seq: 3, atMs: 5, body });
  const frame = fromBinary(results.ResultFrameSchema, buffer.subarray(0, end));
  expect(frame.seq).toBe(3);
  expect(frame.attempt).toMatchObject({ run: 1, job: 0, attempt: 1 });
  const plain = JSON.parse(
    JSON.stringify(frame.body.value, (_, v: unknown) => (typeof v === "bigint" ? Number(v) : v)),
  ) as object;
  const { type: _, ...facts } = body;
  expect(plain).toMatchObject(body.type === "finished" ? { ...facts, outcome: 6 } : facts);
});

test("a varint is as long as announced", () => {
  const buffer = Buffer.alloc(10);
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(varint(buffer, 0, value)).toBe(varintLength(value));
    }),
  );
});
