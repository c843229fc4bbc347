import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFile, type FileLockOptions } from "./file-lock.ts";

let folder = "";
let path = "";
const options: FileLockOptions = { timeoutMs: 10_000, onWait: () => {} };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kiln-lock-"));
  path = join(folder, "install.lock");
});
afterEach(() => rm(folder, { recursive: true }));

describe("a lock file", () => {
  it("names its holder and leaves nothing behind", async () => {
    {
      await using _lock = await lockFile(path, options);
      expect(await readFile(path, "utf8")).toBe(String(process.pid));
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it("of a process that is gone is taken over", async () => {
    const gone = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await once(gone, "exit");
    await writeFile(path, String(gone.pid));
    await using _lock = await lockFile(path, options);
    expect(await readFile(path, "utf8")).toBe(String(process.pid));
    expect(await readdir(folder)).toEqual(["install.lock"]);
  });

  it("of a process that runs is waited for, and says for whom", async () => {
    const holder = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
    await writeFile(path, String(holder.pid));
    const { promise: waiting, resolve: onWait } = Promise.withResolvers<number>();
    const locking = lockFile(path, { ...options, onWait });
    expect(await waiting).toBe(holder.pid);
    expect(await readFile(path, "utf8")).toBe(String(holder.pid));
    holder.kill("SIGKILL");
    await using _lock = await locking;
    expect(await readFile(path, "utf8")).toBe(String(process.pid));
  });

  it("is not waited for without end", async () => {
    await writeFile(path, String(process.ppid));
    await expect(lockFile(path, { ...options, timeoutMs: 0 })).rejects.toThrow(`process ${process.ppid} still holds`);
    expect(await readdir(folder)).toEqual(["install.lock"]);
  });
});
