import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runChild } from "../program/run-child.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { lockHome } from "./home-lock.ts";

test("a home is locked once, and again after it was given back", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "home", "up.lock");
  const first = await lockHome(path);
  expect(first).toMatchObject({ ok: true, wasStale: false });
  expect(await lockHome(path)).toMatchObject({ ok: false, holder: { pid: process.pid } });
  if (first.ok) await first.lock.release();
  expect(await lockHome(path)).toMatchObject({ ok: true, wasStale: false });
});

test("the lock of a dead process, of a reused number, and half a lock are taken over", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "up.lock");
  const dead = await runChild(process.execPath, ["-p", "process.pid"], { timeoutMs: 10_000 });
  const reused = { pid: process.ppid, startMark: "1" };
  const stale = [
    `{"pid":${dead.stdout.toString().trim()},"startMark":""}`,
    '{"pid":',
    process.platform === "linux" ? JSON.stringify(reused) : "{}",
  ];
  for (const text of stale) {
    await writeFile(path, text);
    const result = await lockHome(path);
    expect(result).toMatchObject({ ok: true, wasStale: true });
    expect(await readFile(path, "utf8")).toContain(`"pid":${process.pid}`);
    if (result.ok) await result.lock.release();
  }
});
