import { appendFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { BYTES_PER_LOOK_MAX, LogFollower } from "./log-follower.ts";

async function follow(begin: string | null) {
  const stack = new AsyncDisposableStack();
  const path = join(stack.use(temporaryFolder()).path, "nats.log");
  if (begin !== null) writeFileSync(path, begin);
  let [lines, passedOver]: [string[], number] = [[], 0];
  const follower = new LogFollower(path, {
    onLines: async (more) => void (lines = lines.concat(more)),
    onPassedOver: () => void (passedOver += 1),
    log: pino({ level: "silent" }),
  });
  await follower.start();
  stack.defer(() => follower.stop());
  /** What one look finds. */
  const seen = async () => {
    lines = [];
    await follower.look();
    return lines;
  };
  const passed = () => passedOver;
  return { path, seen, passed, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe("whoever follows a log", () => {
  it("hears what is written after the start, each line once and whole", async () => {
    await using log = await follow("before\n");
    expect(await log.seen()).toEqual([]);
    appendFileSync(log.path, "one\ntw");
    expect(await log.seen()).toEqual(["one"]);
    appendFileSync(log.path, "o\nthree\n");
    expect(await log.seen()).toEqual(["two", "three"]);
    expect(await log.seen()).toEqual([]);
  });

  it("waits for a log that is not there", async () => {
    await using log = await follow(null);
    expect(await log.seen()).toEqual([]);
    writeFileSync(log.path, "first\n");
    expect(await log.seen()).toEqual(["first"]);
  });

  it("goes on at the beginning of a log that was emptied", async () => {
    await using log = await follow("a long line from before\n");
    truncateSync(log.path, 0);
    appendFileSync(log.path, "new\n");
    expect(await log.seen()).toEqual(["new"]);
  });

  it("reads a log that was put aside to its end, and then the new one", async () => {
    await using log = await follow("before\n");
    appendFileSync(log.path, "last\n");
    renameSync(log.path, `${log.path}.1`);
    writeFileSync(log.path, "first\n");
    expect(await log.seen()).toEqual(["last", "first"]);
    rmSync(log.path);
    expect(await log.seen()).toEqual([]);
    writeFileSync(log.path, "again\n");
    expect(await log.seen()).toEqual(["again"]);
  });

  it("passes over the oldest of what is too much at once, and says so", async () => {
    await using log = await follow("");
    const line = "x".repeat(1_023);
    appendFileSync(log.path, `${line}\n`.repeat(1_000));
    const seen = await log.seen();
    expect(seen).toHaveLength(BYTES_PER_LOOK_MAX / 1_024 - 1);
    expect(new Set(seen)).toEqual(new Set([line]));
    expect(log.passed()).toBe(1);
  });
});
