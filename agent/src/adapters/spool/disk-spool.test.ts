import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { results } from "@kiln/proto";
import { describe, expect, test } from "vitest";
import type { FrameBody } from "../../domain/frame.ts";
import type { SpooledAttempt } from "../../ports/spool.ts";
import { quietLog } from "../../testing/quiet-log.ts";
import { temporaryFolder } from "@kiln/testkit";
import { openSpool } from "./disk-spool.ts";

const REF = { run: 1, job: 0, attempt: 1 };
const ASSIGNMENT = Buffer.from("an assignment");
const FINISHED: FrameBody = { type: "finished", outcome: "passed", summary: "", excerpt: "", logBytesDropped: 0 };
const log = (text: string): FrameBody => ({ type: "log", offset: 0, data: Buffer.from(text) });
const open = (folder: string, bytesMax = 1e9) => openSpool(folder, bytesMax, quietLog);

function readAll(attempt: SpooledAttempt, bytesMax = 1e9): number[] {
  const seqs: number[] = [];
  while (attempt.read(bytesMax, (frame) => seqs.push(fromBinary(results.ResultFrameSchema, frame).seq)) > 0);
  return seqs;
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe("a spooled attempt", () => {
  test("gives its frames in order, once, in pieces of any size", () => {
    using folder = temporaryFolder();
    using spool = open(folder.path).spool;
    const attempt = spool.create(REF, ASSIGNMENT)!;
    for (let i = 0; i < 50; i++) attempt.append(log("x".repeat(i * 40)), 1);
    attempt.noteProcessGroup({ pid: 4, mark: "m" });
    expect(readAll(attempt, 500)).toEqual(upTo(50));
    expect(readAll(attempt)).toEqual([]);
    attempt.append(FINISHED, 1);
    expect(readAll(attempt)).toEqual([51]);
  });

  test("begins again anywhere", () => {
    using folder = temporaryFolder();
    using spool = open(folder.path).spool;
    const attempt = spool.create(REF, ASSIGNMENT)!;
    for (let i = 0; i < 20; i++) attempt.append(log(`${i}`), 1);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 21 }), fc.nat(20), (nextSeq, acked) => {
        attempt.rewind(nextSeq);
        attempt.acknowledge(Math.min(acked, nextSeq - 1));
        expect(readAll(attempt, 30)).toEqual(upTo(20).slice(nextSeq - 1));
      }),
    );
  });

  test("is done when its last frame is acknowledged, and then leaves no file", () => {
    using folder = temporaryFolder();
    using spool = open(folder.path).spool;
    const attempt = spool.create(REF, ASSIGNMENT)!;
    attempt.append(log("x"), 1);
    expect(attempt.acknowledge(1)).toBe(false);
    attempt.append(FINISHED, 1);
    expect(attempt.acknowledge(1)).toBe(false);
    expect(attempt.acknowledge(2)).toBe(true);
    attempt.remove();
    attempt.remove();
    expect(readdirSync(folder.path).map((name) => statSync(join(folder.path, name)).size)).toEqual([0]);
    expect(spool.size).toBe(0);
    expect(spool.unacknowledgedBytes).toBe(0);
  });

  test("takes nothing after its end", () => {
    using folder = temporaryFolder();
    using spool = open(folder.path).spool;
    const attempt = spool.create(REF, ASSIGNMENT)!;
    attempt.append(FINISHED, 1);
    expect(() => attempt.append(log("late"), 1)).toThrow("has finished");
  });
});

describe("the spool", () => {
  test("cut anywhere, gives back the whole records before the cut and goes on from there", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "1.0.1.spool");
    // Where each record ends: the assignment, then ten frames.
    const ends: number[] = [];
    {
      using spool = open(folder.path).spool;
      const attempt = spool.create(REF, ASSIGNMENT)!;
      ends.push(readFileSync(path).length);
      for (let i = 0; i < 10; i++) {
        attempt.append(i === 9 ? FINISHED : log("y".repeat(i * 7)), 1);
        ends.push(readFileSync(path).length);
      }
    }
    const whole = readFileSync(path);
    fc.assert(
      fc.property(fc.nat(whole.length), fc.option(fc.uint8Array({ minLength: 1, maxLength: 30 })), (cut, garbage) => {
        writeFileSync(path, whole);
        truncateSync(path, cut);
        const frames = ends.findLastIndex((end) => end <= cut);
        // Bytes of a record that was not finished may be there without the rest.
        if (garbage && cut < whole.length)
          appendFileSync(
            path,
            garbage.map((byte) => byte | 0x80),
          );
        const { spool, left } = open(folder.path);
        using _ = spool;
        if (frames < 0) {
          expect(left).toEqual([]);
          expect(readdirSync(folder.path)).toEqual([]);
          return;
        }
        const { attempt } = left[0]!;
        expect(attempt.lastSeq).toBe(frames);
        expect(attempt.isFinished).toBe(frames === 10);
        expect(readAll(attempt)).toEqual(upTo(frames));
        if (frames === 10) return;
        attempt.append(FINISHED, 1);
        expect(readAll(attempt)).toEqual([frames + 1]);
      }),
    );
  });

  test("finds after a restart which process groups an attempt had", () => {
    using folder = temporaryFolder();
    {
      using spool = open(folder.path).spool;
      spool.create(REF, ASSIGNMENT)!.noteProcessGroup({ pid: 77, mark: "since then" });
    }
    const { spool, left } = open(folder.path);
    using _ = spool;
    expect(left[0]?.groups).toEqual([{ pid: 77, mark: "since then" }]);
  });

  test("is full at its limit, and calls whoever waits once enough is acknowledged", () => {
    using folder = temporaryFolder();
    using spool = open(folder.path, 10_000).spool;
    const attempt = spool.create(REF, ASSIGNMENT)!;
    let calls = 0;
    spool.drained(() => calls++);
    expect(calls).toBe(1);
    while (!spool.isFull) attempt.append(log("z".repeat(500)), 1);
    spool.drained(() => calls++);
    attempt.read(600, () => undefined);
    attempt.acknowledge(1);
    expect(calls).toBe(1);
    readAll(attempt);
    attempt.acknowledge(attempt.lastSeq);
    expect(calls).toBe(2);
    expect(spool.unacknowledgedBytes).toBe(0);
  });

  test("counts what the coordinator has lost as not acknowledged again", () => {
    using folder = temporaryFolder();
    using spool = open(folder.path).spool;
    const attempt = spool.create(REF, ASSIGNMENT)!;
    for (let i = 0; i < 5; i++) attempt.append(log("abc"), 1);
    const all = spool.unacknowledgedBytes;
    readAll(attempt);
    attempt.acknowledge(5);
    attempt.rewind(1);
    expect(spool.unacknowledgedBytes).toBe(all);
    expect(readAll(attempt)).toEqual(upTo(5));
  });

  test("holds more attempts than it keeps files open", () => {
    using folder = temporaryFolder();
    using spool = open(folder.path).spool;
    for (let job = 0; job < 600; job++) spool.create({ run: 1, job, attempt: 1 }, ASSIGNMENT);
    for (const attempt of spool.attempts()) attempt.append(FINISHED, 1);
    for (const attempt of spool.attempts()) expect(readAll(attempt)).toEqual([1]);
  });

  test("does not take an assignment when the disk does not", () => {
    using folder = temporaryFolder();
    using spool = open(folder.path).spool;
    expect(spool.create(REF, Buffer.alloc(2 * 1024 * 1024))).toBeNull();
    expect(spool.size).toBe(0);
    expect(spool.unacknowledgedBytes).toBe(0);
  });
});
