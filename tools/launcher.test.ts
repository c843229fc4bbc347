import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { root } from "./tool.ts";

/** What the launcher runs before it has a Node; nothing else is on its PATH here. */
const BASICS = ["uname", "dirname", "readlink", "cmp", "mkdir", "mktemp", "find", "rm", "mv", "tail", "grep"];

let folder = "";
let bin = "";

beforeEach(async (context) => {
  context.skip(process.platform === "win32", "kiln.cmd is the launcher there");
  folder = await mkdtemp(join(tmpdir(), "kiln launcher "));
  bin = join(folder, "bin");
  await mkdir(bin);
  for (const name of BASICS) {
    const found = ["/bin", "/usr/bin"].map((place) => join(place, name));
    const path = found.find((candidate) => spawnSync("test", ["-x", candidate]).status === 0);
    if (path !== undefined) await symlink(path, join(bin, name));
  }
});
afterEach(() => rm(folder, { recursive: true }));

async function install(name: string, script: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function launch(args: readonly string[], launcher = join(root, "kiln")): { status: number | null; stderr: string } {
  const env = { PATH: bin, HOME: folder };
  const { status, stderr } = spawnSync("/bin/sh", [launcher, ...args], { env, encoding: "utf8" });
  return { status, stderr };
}

describe("the launcher", () => {
  it("says what to install where there is no Node", () => {
    const { status, stderr } = launch(["runs"]);
    expect(stderr).toMatch(/Node\.js was not found on the PATH\n.*any Node\.js 18 or newer/u);
    expect(status).toBe(3);
  });

  it("says that a Node before 18 is too old", async () => {
    await install("node", "echo v16.20.2");
    const { status, stderr } = launch(["runs"]);
    expect(stderr).toContain(`Node.js v16.20.2 is too old: ${join(bin, "node")}`);
    expect(status).toBe(3);
  });

  it("says that npm is missing where Node comes without it", async () => {
    await install("node", "echo v20.1.0");
    const { status, stderr } = launch(["runs"]);
    expect(stderr).toContain("Node.js v20.1.0 is here, npm is not");
    expect(status).toBe(3);
  });

  it("shows npm's own words where it fails, and leaves nothing behind", async () => {
    await install("node", "echo v20.1.0");
    await install("npm", "echo npm error network unreachable; exit 1");
    const { status, stderr } = launch(["runs"]);
    expect(stderr).toMatch(/npm error network unreachable\n.*npm could not install/u);
    expect(status).toBe(3);
    expect(spawnSync("find", [join(folder, ".cache"), "-name", ".new-*"], { encoding: "utf8" }).stdout).toBe("");
  });

  it("finds its checkout through symbolic links, from any folder", async () => {
    await install("node", `[ "$1" = --version ] && echo v24.1.0 || echo "node $*" >&2`);
    await symlink(join(root, "kiln"), join(folder, "absolute"));
    await symlink("../absolute", join(bin, "relative"));
    const { status, stderr } = launch(["runs", "--json"], join(bin, "relative"));
    expect(stderr).toContain(`${join(root, "cli", "src", "main.ts")} runs --json`);
    expect(status).toBe(0);
  });

  it("refuses a KILN_NATS_SERVER that is no executable, for the commands that start one", async () => {
    await install("node", `[ "$1" = --version ] && echo v24.1.0; exit 0`);
    const env = { PATH: bin, HOME: folder, KILN_NATS_SERVER: join(folder, "none") };
    const up = spawnSync("/bin/sh", [join(root, "kiln"), "up"], { env, encoding: "utf8" });
    expect(up.stderr).toContain(`KILN_NATS_SERVER is ${join(folder, "none")}, which is not an executable file`);
    expect(up.status).toBe(3);
  });
});
