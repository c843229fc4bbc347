import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scriptSpec } from "../testing/child-scripts.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { lastLines, openLog, trimLog } from "./log-file.ts";
import { isAlive, killGroup } from "./process-group.ts";
import { Supervisor, type SupervisorEvent } from "./supervisor.ts";

const BUDGET = { restartsMax: 3, windowMs: 60_000, delayMs: 1, delayMsMax: 5 };

function supervisor(onEvent: (event: SupervisorEvent) => void = () => {}): Supervisor {
  return new Supervisor({ budget: BUDGET, nowMs: Date.now, onEvent });
}

test("children are stopped in the opposite order of their start, each asked before the next", async () => {
  await using dir = await tempDir();
  const all = supervisor();
  const logFile = join(dir.path, "logs", "all.log");
  for (const name of ["nats", "coordinator", "agent"]) {
    const result = await all.start(await scriptSpec(dir.path, "good", { name, logFile }));
    expect(result).toMatchObject({ ok: true, line: { agentId: name } });
  }
  const pids = Object.values(all.pids);
  expect(pids.every(isAlive)).toBe(true);
  await Promise.all([all.stop(), all.stop()]);
  const said = (await readFile(logFile, "utf8")).split("\n").filter((line) => line.endsWith("stops"));
  expect(said).toEqual(["agent stops", "coordinator stops", "nats stops"]);
  expect(pids.some(isAlive)).toBe(false);
});

test("a killed child is started again, and its new process id is told", async () => {
  await using dir = await tempDir();
  const restarted = Promise.withResolvers<SupervisorEvent>();
  const all = supervisor((event) => event.kind === "restarted" && restarted.resolve(event));
  await all.start(await scriptSpec(dir.path, "good"));
  const first = all.pids["good"] ?? 0;
  killGroup(first, "SIGKILL");
  const event = await restarted.promise;
  expect(event).toMatchObject({ name: "good", pid: all.pids["good"] });
  expect(all.pids["good"]).not.toBe(first);
  await all.stop();
});

test("a child that dies again and again is given up after its budget, with its last words made safe", async () => {
  await using dir = await tempDir();
  const events: SupervisorEvent[] = [];
  const all = supervisor((event) => events.push(event));
  await all.start(await scriptSpec(dir.path, "dies"));
  const failure = await all.failed;
  expect(failure).toMatchObject({
    name: "dies",
    wasReady: true,
    end: { how: "exit code 3", lastLines: ["dying of old age"] },
  });
  expect(events.filter((event) => event.kind === "died")).toHaveLength(BUDGET.restartsMax);
  await all.stop();
});

test("a child that is dead before it is ready is not tried again", async () => {
  await using dir = await tempDir();
  const all = supervisor();
  const result = await all.start(await scriptSpec(dir.path, "failsToStart"));
  expect(result).toEqual({ ok: false, end: { how: "exit code 2", lastLines: ["no such database"] } });
  await all.stop();
});

test("a program that is not there, and one that is never ready, are told as such", async () => {
  await using dir = await tempDir();
  const all = supervisor();
  const missing = await all.start(await scriptSpec(dir.path, "good", { command: join(dir.path, "nothing") }));
  expect(missing).toMatchObject({ ok: false, end: { how: expect.stringContaining("cannot be started") } });
  const never = { kind: "probe", probe: async () => false, intervalMs: 1 } as const;
  const late = await all.start(await scriptSpec(dir.path, "good", { ready: never, readyTimeoutMs: 30 }));
  expect(late).toMatchObject({ ok: false, end: { how: "was not ready within 0.03 s" } });
  expect(isAlive(all.pids["good"] ?? 0)).toBe(false);
  await all.stop();
});

test("a child that does not end when asked is killed after its time", async () => {
  await using dir = await tempDir();
  const all = supervisor();
  await all.start(await scriptSpec(dir.path, "deaf", { stopTimeoutMs: 20 }));
  const pid = all.pids["deaf"] ?? 0;
  await all.stop();
  expect(isAlive(pid)).toBe(false);
});

test("a large log is put aside at start and while it is written, and the last lines are found", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "logs", "a.log");
  await (await openLog(path)).close();
  await writeFile(path, "x".repeat(200));
  await (await openLog(path, 100)).close();
  expect((await stat(path)).size).toBe(0);
  expect((await stat(`${path}.1`)).size).toBe(200);
  await writeFile(path, `${"y".repeat(120)}\nlast\n`);
  expect(await lastLines(path, 1)).toEqual(["last"]);
  expect(await lastLines(path, 9, 121)).toEqual(["last"]);
  await trimLog(path, 100);
  expect((await stat(path)).size).toBe(0);
  expect(await readFile(`${path}.1`, "utf8")).toContain("last");
});
