import fc from "fast-check";
import { job as wire } from "@kiln/proto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSpool, type DiskSpool } from "../adapters/spool/disk-spool.ts";
import { limitMark } from "../domain/limit-mark.ts";
import { SecretBook } from "../domain/redaction/secret-book.ts";
import type { TestReport } from "../domain/report.ts";
import type { SpooledAttempt } from "../ports/spool.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { quietLog } from "../testing/quiet-log.ts";
import { logOf, readFrames } from "../testing/read-frames.ts";
import { temporaryFolder } from "@kiln/testkit";
import { AttemptRecorder } from "./attempt-recorder.ts";

let stack: DisposableStack;
let spool: DiskSpool;
let clock: ManualClock;
let jobs: number;

beforeEach(() => {
  stack = new DisposableStack();
  spool = stack.use(openSpool(stack.use(temporaryFolder()).path, 1e9, quietLog).spool);
  clock = new ManualClock();
  jobs = 0;
});
afterEach(() => stack.dispose());

function recorder(logBytesMax: number, secrets = new SecretBook([])) {
  const attempt: SpooledAttempt = spool.create({ run: 1, job: jobs++, attempt: 1 }, Buffer.from("x"))!;
  const events = { appended: 0, limits: 0, failures: 0 };
  const made = new AttemptRecorder(
    attempt,
    { timeoutMs: 1_000, logBytesMax },
    { clock, secrets },
    {
      appended: () => events.appended++,
      limitReached: () => events.limits++,
      spoolFailed: () => events.failures++,
    },
  );
  return { attempt, recorder: made, events };
}

const cases = (attempt: SpooledAttempt) => readFrames(attempt).map(({ body }) => body.case);

describe("what a recorder makes of output", () => {
  test("small pieces become one frame after a moment, and nothing stays behind", () => {
    const { attempt, recorder: r } = recorder(1e6);
    for (let i = 0; i < 100; i++) r.output(Buffer.from(`line ${i}\n`));
    expect(cases(attempt)).toEqual([]);
    clock.advance(60);
    expect(cases(attempt)).toEqual(["log"]);
    expect(clock.pendingTimers).toBe(0);
    expect(logOf(readFrames(attempt))).toMatch(/^line 0\n.*line 99\n$/s);
  });

  test("comes in order with steps and artifacts, each knowing where its log begins", () => {
    const { attempt, recorder: r } = recorder(1e6);
    r.started("3.12.1");
    r.stepStarted("one");
    r.output(Buffer.from("12345"));
    r.stepFinished(0, 12.7);
    r.stepStarted("two");
    r.artifact("wheel", { sha256: "a".repeat(64), sizeBytes: 1, filename: "x.whl" });
    r.output(Buffer.from("6"));
    r.finish({ outcome: "passed", summary: "" });
    expect(cases(attempt)).toEqual([
      "started",
      "stepStarted",
      "log",
      "stepFinished",
      "stepStarted",
      "artifact",
      "log",
      "finished",
    ]);
    const steps = readFrames(attempt).flatMap(({ body }) => (body.case === "stepStarted" ? [body.value] : []));
    expect(steps.map(({ index, logOffset }) => [index, logOffset])).toEqual([
      [0, 0n],
      [1, 5n],
    ]);
  });

  test("is kept whole below the limit and cut at it with a mark, whatever the pieces", () => {
    const sizes = fc.array(fc.oneof(fc.nat(2_000), fc.nat(150_000)), { maxLength: 25 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 200, max: 600_000 }), fc.boolean(), (pieces, logBytesMax, isTimed) => {
        const { attempt, recorder: r, events } = recorder(logBytesMax);
        let written = 0;
        for (const size of pieces) {
          r.output(Buffer.alloc(size, "abcdefg".repeat(7)));
          written += size;
          if (isTimed) clock.advance(60);
        }
        r.finish({ outcome: "passed", summary: "" });
        const frames = readFrames(attempt);
        const log = logOf(frames);
        const last = frames.at(-1)?.body;
        const dropped = last?.case === "finished" ? Number(last.value.logBytesDropped) : -1;
        expect(events.limits).toBe(written > logBytesMax ? 1 : 0);
        expect(log.length).toBeLessThanOrEqual(logBytesMax);
        const mark = limitMark(logBytesMax);
        expect(log.endsWith(mark)).toBe(written > logBytesMax);
        expect(dropped).toBe(written > logBytesMax ? written - (log.length - mark.length) : 0);
        for (const { body } of frames)
          if (body.case === "log") expect(body.value.data.length).toBeLessThanOrEqual(65_536);
        attempt.remove();
      }),
      { numRuns: 60 },
    );
  });

  test("exactly at the limit is not too much", () => {
    const { attempt, recorder: r, events } = recorder(1_000);
    r.output(Buffer.alloc(999, "x"));
    r.output(Buffer.from("y"));
    r.stepStarted("next");
    expect(events.limits).toBe(0);
    expect(logOf(readFrames(attempt))).toHaveLength(1_000);
    r.output(Buffer.from("z"));
    expect(events.limits).toBe(1);
    expect(logOf(readFrames(attempt)).endsWith("output ends here\n")).toBe(true);
  });
});

describe("the end of an attempt", () => {
  test("carries the excerpt of the last step and what was dropped", () => {
    const { attempt, recorder: r } = recorder(1e6);
    r.stepStarted("one");
    r.output(Buffer.from("Traceback (most recent call last):\nOldError: earlier step\n"));
    r.stepStarted("two");
    r.output(Buffer.from("x.c:1:1: error: bad\n"));
    r.finish({ outcome: "build-failed", summary: "s".repeat(3_000) });
    const last = readFrames(attempt).at(-1)?.body;
    if (last?.case !== "finished") throw new Error("it has no end");
    expect(last.value.outcome).toBe(wire.Outcome.BUILD_FAILED);
    expect(last.value.excerpt).toBe("x.c:1:1: error: bad");
    expect(last.value.summary).toHaveLength(1_000);
  });

  test("is all that is tried again after the disk refused a frame", () => {
    const { attempt, recorder: r, events } = recorder(1e6);
    const broken = { ...attempt, append: () => false } as unknown as SpooledAttempt;
    const failing = new AttemptRecorder(
      broken,
      { timeoutMs: 1, logBytesMax: 1e6 },
      { clock, secrets: new SecretBook([]) },
      {
        appended: () => undefined,
        limitReached: () => undefined,
        spoolFailed: () => events.failures++,
      },
    );
    failing.started("");
    failing.output(Buffer.alloc(40_000));
    expect(failing.finish({ outcome: "infrastructure", summary: "" })).toBe(false);
    expect(events.failures).toBe(1);
    expect(r.finish({ outcome: "passed", summary: "" })).toBe(true);
  });

  test("of an attempt that nobody wants is not recorded", () => {
    const { attempt, recorder: r } = recorder(1e6);
    r.started("");
    r.output(Buffer.from("pending"));
    r.mute();
    clock.advance(100);
    r.output(Buffer.from("more"));
    r.finish({ outcome: "cancelled", summary: "" });
    expect(cases(attempt)).toEqual(["started"]);
  });
});

const NO_TESTS: TestReport = {
  kind: "test",
  tests: 1,
  passed: 0,
  failed: 1,
  errors: 0,
  skipped: 0,
  flaky: 0,
  durationMs: 1,
  failures: [],
  skips: [],
  slowest: [],
  coverage: null,
};

describe("secrets", () => {
  const secrets = new SecretBook([{ value: "hunter22-token" }]);

  test("reach neither the log nor titles, reports, excerpt and summary, wherever the output was cut", () => {
    const { attempt, recorder: r } = recorder(1e6, secrets);
    r.stepStarted("install with hunter22-token");
    for (const char of "error: hunter22-token refused\n") {
      r.output(Buffer.from(char));
      clock.advance(60);
    }
    const place = "tests/test_token.py:7";
    const failure = { name: "test_token", outcome: "failed", durationMs: 1, message: "hunter22-token", place } as const;
    r.report({ ...NO_TESTS, failures: [failure] });
    r.output(Buffer.concat([Buffer.alloc(100_000, "-"), Buffer.from("hunter22-token\n")]));
    r.output(Buffer.from("e: error: hunter22"));
    expect(r.outputTail()).toMatch(/error: \*\*\*$/);
    r.stepFinished(1, 1);
    r.finish({ outcome: "build-failed", summary: "no hunter22-token" });
    const frames = readFrames(attempt);
    expect(logOf(frames)).toBe(`error: *** refused\n${"-".repeat(100_000)}***\ne: error: ***`);
    const rest = JSON.stringify(frames, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
    expect(rest).not.toContain("hunter22");
    expect(rest).toContain("install with ***");
    expect(rest).toContain("no ***");
  });

  test("count with what they became against the limit", () => {
    const { attempt, recorder: r, events } = recorder(1_000, secrets);
    r.output(Buffer.from("hunter22-token".repeat(300)));
    r.finish({ outcome: "passed", summary: "" });
    expect(logOf(readFrames(attempt))).toBe("***".repeat(300));
    expect(events.limits).toBe(0);
  });
});
