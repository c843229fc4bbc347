import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { readOwnFile, writeOwnFile } from "./own-file.ts";

const isWindows = process.platform === "win32";

describe.skipIf(isWindows)("a file that a job made", () => {
  const stack = new DisposableStack();
  afterAll(() => stack.dispose());
  const outside = stack.use(temporaryFolder()).path;
  const folder = stack.use(temporaryFolder()).path;
  writeFileSync(join(outside, "secret"), "secret");
  writeFileSync(join(folder, "plain"), "plain");
  mkdirSync(join(folder, "lib"));
  symlinkSync("lib", join(folder, "lib64"));
  symlinkSync(join(outside, "secret"), join(folder, "link"));
  symlinkSync(outside, join(folder, "linked"));
  spawnSync("sh", ["-c", `mkfifo "${join(folder, "pipe")}"`]);

  test("is read, up to its limit", async () => {
    expect(await readOwnFile(join(folder, "plain"), folder, 5)).toBe("plain");
    expect(await readOwnFile(join(folder, "none"), folder, 5)).toBeNull();
    await expect(readOwnFile(join(folder, "plain"), folder, 4)).rejects.toThrow("more than 4 bytes");
  });

  test.each([
    ["link", "link to outside"],
    ["linked/secret", "link to outside"],
    ["pipe", "not an ordinary file"],
    ["lib", "not an ordinary file"],
  ])("is not read when it is %s", async (name, reason) => {
    await expect(readOwnFile(join(folder, name), folder, 1_000)).rejects.toThrow(reason);
  });

  test("is written anew, inside the folder only", async () => {
    await writeOwnFile(join(folder, "lib64", "x"), folder, "text", 0o755);
    expect(readFileSync(join(folder, "lib", "x"), "utf8")).toBe("text");
    expect(statSync(join(folder, "lib", "x")).mode & 0o777).toBe(0o755);
    await expect(writeOwnFile(join(folder, "linked", "x"), folder, "text")).rejects.toThrow("link to outside");
    await expect(writeOwnFile(join(folder, "link"), folder, "text")).rejects.toThrow("EEXIST");
    expect([existsSync(join(outside, "x")), readFileSync(join(outside, "secret"), "utf8")]).toEqual([false, "secret"]);
  });
});
