import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../testing/temp-dir.ts";
import { commitOf } from "./commit-of.ts";

test("a folder is of a commit as long as it has that commit's files and no others", async () => {
  await using dir = await tempDir();
  const git = (...args: readonly string[]): string => {
    const identity = ["-c", "user.name=A", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false"];
    return execFileSync("git", ["-C", dir.path, ...identity, ...args], { encoding: "utf8" }).trim();
  };
  const write = (name: string, text: string): void => writeFileSync(join(dir.path, name), text);
  git("init", "-q");
  expect(await commitOf(dir.path)).toBeNull();
  mkdirSync(join(dir.path, "p"));
  write("p/code.py", "A = 1\n");
  write(".gitignore", "*.so\n");
  git("add", ".");
  git("commit", "-q", "-m", "one");
  // Not shown, and sent all the same.
  git("config", "status.showUntrackedFiles", "no");
  const head = git("rev-parse", "HEAD");
  write("p/built.so", "");
  expect(await commitOf(dir.path)).toBe(head);
  write("p/new.py", "");
  expect(await commitOf(dir.path)).toBeNull();
  rmSync(join(dir.path, "p", "new.py"));
  write("other.txt", "");
  // A project in a folder of its repository is its own files.
  expect(await commitOf(join(dir.path, "p"))).toBe(head);
  write("p/code.py", "A = 2\n");
  expect(await commitOf(join(dir.path, "p"))).toBeNull();
});

test("a folder outside of git is of no commit", async () => {
  await using dir = await tempDir();
  expect(await commitOf(dir.path)).toBeNull();
});
