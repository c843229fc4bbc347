import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "@kiln/testkit";
import { processMark } from "../system/process-mark.ts";
import { lockHome } from "./home-lock.ts";

test("a folder has one agent at a time", () => {
  using folder = temporaryFolder();
  const first = lockHome(folder.path);
  if (!first.ok) throw new Error("it is locked");
  expect(lockHome(folder.path)).toEqual({ ok: false, pid: process.pid });
  first.lock[Symbol.dispose]();
  expect(readdirSync(folder.path)).toEqual([]);
  expect(lockHome(folder.path).ok).toBe(true);
});

test.each([
  ["a process that is gone", "4194304 whenever"],
  ["a process whose number another one has now", `${process.pid} another time`],
  ["nobody", ""],
])("the lock of %s is taken over", (_, content) => {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, "agent.lock"), content);
  expect(lockHome(folder.path).ok).toBe(true);
  expect(readdirSync(folder.path)).toEqual(["agent.lock"]);
});

test("a process has the same mark as long as it lives, and none when it is gone", () => {
  expect(processMark(process.pid)).toBe(processMark(process.pid));
  expect(processMark(process.pid)).not.toBe(processMark(process.ppid));
  expect(processMark(4_194_304)).toBeNull();
});
