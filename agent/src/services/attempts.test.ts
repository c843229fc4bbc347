import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSpool, type DiskSpool } from "../adapters/spool/disk-spool.ts";
import { attemptKey } from "../domain/attempt-key.ts";
import type { Assignment } from "../domain/job.ts";
import { PASSED } from "../domain/outcome.ts";
import type { ExecutionSink, Executor } from "../ports/executor.ts";
import { SecretBook } from "../domain/redaction/secret-book.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { quietLog } from "../testing/quiet-log.ts";
import { readFrames } from "../testing/read-frames.ts";
import { temporaryFolder } from "@kiln/testkit";
import { Attempts } from "./attempts.ts";

/** Jobs that end when the test says so; stopping them ends them. */
class HandExecutor implements Executor {
  readonly name = "dummy";
  readonly kinds = ["build", "test"] as const;
  readonly running = new Map<string, ExecutionSink>();
  readonly started: string[] = [];
  endsAtOnce = false;

  start({ ref }: Parameters<Executor["start"]>[0], sink: ExecutionSink) {
    const key = attemptKey(ref);
    this.started.push(key);
    this.running.set(key, sink);
    sink.started("");
    if (this.endsAtOnce) this.end(key);
    return { stop: () => this.end(key) };
  }

  end(key: string): void {
    const sink = this.running.get(key);
    this.running.delete(key);
    sink?.ended(PASSED);
  }

  clearLeftovers(): Promise<void> {
    return Promise.resolve();
  }
}

let stack: DisposableStack;
let spool: DiskSpool;
let clock: ManualClock;
let executor: HandExecutor;
let attempts: Attempts;

beforeEach(() => {
  stack = new DisposableStack();
  const folder = stack.use(temporaryFolder());
  spool = stack.use(openSpool(folder.path, 20_000, quietLog).spool);
  clock = new ManualClock();
  executor = new HandExecutor();
  attempts = newAttempts(2);
});
afterEach(() => stack.dispose());

function newAttempts(slots: number, attemptsMax = 100_000, takenMax: number | null = null): Attempts {
  return new Attempts(
    { spool, executor, clock, log: quietLog, secrets: new SecretBook([]) },
    { slots, attemptsMax, takenMax },
    () => undefined,
  );
}

function assignment(job: number): Assignment {
  const blob = { sha256: "0".repeat(64), sizeBytes: 1, filename: "x.tar.gz" };
  return {
    ref: { run: 1, job, attempt: 1 },
    job: {
      name: `job-${job}`,
      python: "3.12",
      env: {},
      limits: { timeoutMs: 5_000, logBytesMax: 1_000 },
      work: {
        kind: "build",
        source: blob,
        candidate: { name: "p", version: null },
        configSettings: {},
        frontend: "pip",
        checkReproducible: false,
        wheel: null,
      },
    },
  };
}

const take = (job: number) => attempts.take(assignment(job), Buffer.from("bytes"));

function outcomeOf(key: string): number | null {
  const last = readFrames(spool.find(key)!).at(-1)?.body;
  return last?.case === "finished" ? last.value.outcome : null;
}

const OUTCOME = { passed: 1, timedOut: 5, outOfResources: 6, infrastructure: 8, agentLost: 9, cancelled: 10 };

describe("attempts", () => {
  test("run as many at a time as there are slots, the rest in the order taken", () => {
    for (const job of [0, 1, 2, 3]) take(job);
    expect(executor.started).toEqual(["1.0.1", "1.1.1"]);
    executor.end("1.1.1");
    executor.end("1.0.1");
    expect(executor.started).toEqual(["1.0.1", "1.1.1", "1.2.1", "1.3.1"]);
    expect(attempts.running).toBe(2);
  });

  test("delivered twice run once, while they run and after they are gone", () => {
    take(0);
    expect(take(0)).toBe("taken");
    executor.end("1.0.1");
    expect(take(0)).toBe("taken");
    attempts.acknowledged(spool.find("1.0.1")!);
    expect(spool.size).toBe(0);
    expect(take(0)).toBe("taken");
    expect(executor.started).toEqual(["1.0.1"]);
  });

  test("are held back when the spool is full or holds too many, and taken again afterwards", () => {
    take(0);
    executor.running.get("1.0.1")?.output(Buffer.alloc(500));
    while (!spool.isFull) spool.find("1.0.1")!.append({ type: "log", offset: 0, data: Buffer.alloc(5_000) }, 1);
    expect(take(1)).toBe("held-back");
    spool.find("1.0.1")!.remove();
    expect(take(1)).toBe("taken");
    attempts = newAttempts(1, 1);
    expect(take(2)).toBe("held-back");
  });

  test("that end while they are started do not pile up on the stack", () => {
    attempts = newAttempts(1);
    take(0);
    for (let job = 1; job <= 1_000; job++) take(job);
    executor.endsAtOnce = true;
    executor.end("1.0.1");
    expect(executor.started).toHaveLength(1_001);
    expect(attempts.running).toBe(0);
  });

  test("that run too long are stopped and say so", () => {
    take(0);
    executor.running.get("1.0.1")?.stepStarted("run the tests");
    clock.advance(4_999);
    expect(executor.running.size).toBe(1);
    clock.advance(1);
    expect(outcomeOf("1.0.1")).toBe(OUTCOME.timedOut);
    const last = readFrames(spool.find("1.0.1")!).at(-1)?.body;
    expect(last?.value).toMatchObject({ summary: "it ran longer than its limit of 5 s (during: run the tests)" });
  });

  test("do not lose time while the spool holds them back", () => {
    take(0);
    const sink = executor.running.get("1.0.1")!;
    const spooled = spool.find("1.0.1")!;
    while (!spool.isFull) spooled.append({ type: "log", offset: 0, data: Buffer.alloc(5_000) }, 1);
    let isDrained = false;
    sink.drained(() => (isDrained = true));
    clock.advance(60_000);
    expect([isDrained, executor.running.size]).toEqual([false, 1]);
    while (spooled.read(5_000, () => undefined) > 0);
    spooled.acknowledge(spooled.lastSeq);
    expect(isDrained).toBe(true);
    clock.advance(5_000);
    expect(outcomeOf("1.0.1")).toBe(OUTCOME.timedOut);
  });

  test("do not lose time while their executor waits for the coordinator", () => {
    take(0);
    const resume = executor.running.get("1.0.1")!.pauseTime();
    clock.advance(60_000);
    expect(executor.running.size).toBe(1);
    resume();
    clock.advance(5_000);
    expect(outcomeOf("1.0.1")).toBe(OUTCOME.timedOut);
  });

  test("that write too much are stopped; their log ends with the mark", () => {
    take(0);
    executor.running.get("1.0.1")?.output(Buffer.alloc(2_000, "x"));
    expect(outcomeOf("1.0.1")).toBe(OUTCOME.outOfResources);
    expect(executor.running.size).toBe(0);
  });

  test("are cancelled whether they run or wait", () => {
    for (const job of [0, 1, 2]) take(job);
    attempts.stop("1.2.1", { kind: "cancelled", reason: "by hand" });
    attempts.stop("1.0.1", { kind: "cancelled", reason: "by hand" });
    expect(["1.0.1", "1.2.1"].map(outcomeOf)).toEqual([OUTCOME.cancelled, OUTCOME.cancelled]);
    expect(executor.started).toEqual(["1.0.1", "1.1.1"]);
  });

  test("that are refused leave no trace and free their slot", () => {
    for (const job of [0, 1, 2]) take(job);
    attempts.refused({ run: 1, job: 0, attempt: 1 }, "superseded");
    expect(spool.find("1.0.1")).toBeUndefined();
    expect(executor.started).toContain("1.2.1");
    expect(take(0)).toBe("taken");
    expect(executor.started.filter((key) => key === "1.0.1")).toHaveLength(1);
  });

  test("of an agent that stops are reported as lost, and nothing more is taken", async () => {
    for (const job of [0, 1, 2]) take(job);
    await attempts.stopAll({ kind: "agent-stopping" });
    expect(["1.0.1", "1.1.1", "1.2.1"].map(outcomeOf)).toEqual(Array(3).fill(OUTCOME.agentLost));
    expect(executor.started).toEqual(["1.0.1", "1.1.1"]);
    expect(take(3)).toBe("held-back");
  });
});
