import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { temporaryFolder, type TemporaryFolder } from "@kiln/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BUILD_MS, buildBundle } from "./build-bundle.ts";

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = temporaryFolder("kiln-install-test-");
  await buildBundle(folder.path);
}, BUILD_MS);
afterAll(() => folder[Symbol.dispose]());

/** Folders that an installation writes in: each gets a layer of its own, which is gone afterwards. */
const LAYERS = ["etc", "usr/local", "var/lib"];
const MOUNTS = LAYERS.map(
  (path, index) =>
    `mount -t overlay overlay -o "lowerdir=/${path},upperdir=$0/${index}/up,workdir=$0/${index}/work" /${path}`,
).join(" && ");

it("install makes a service of the system, and uninstall leaves nothing of it", (context) => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return context.skip("layers over the system's folders need Linux and root");
  }
  const layers = join(folder.path, "layers");
  LAYERS.forEach((_, index) => {
    for (const name of ["up", "work"]) mkdirSync(join(layers, String(index), name), { recursive: true });
  });
  const agent = `"$1" "$2/kiln-agent.mjs"`;
  const script = `
set -e
${MOUNTS}
${agent} install --no-start --gpus --tasks-max 512
id kiln-agent
stat -c '%U %a %n' /var/lib/kiln-agent /usr/local/lib/kiln-agent
systemd-analyze verify kiln-agent.service 2>&1 | grep kiln-agent || true
runuser -u kiln-agent -- /usr/local/lib/kiln-agent/node /usr/local/lib/kiln-agent/kiln-agent.mjs version
${agent} install --no-start 2>&1 && exit 9
${agent} uninstall
id kiln-agent 2>&1 && exit 9
${agent} uninstall 2>&1 && exit 9
true
`;
  const { stdout, stderr, status } = spawnSync(
    "unshare",
    ["--mount", "sh", "-c", script, layers, process.execPath, folder.path],
    { encoding: "utf8" },
  );
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain("uid=");
  expect(stdout).toContain("kiln-agent 700 /var/lib/kiln-agent\n");
  expect(stdout).toContain("root 755 /usr/local/lib/kiln-agent\n");
  expect(stdout).toMatch(/^\d+\.\d+\.\d+$/m);
  expect(stdout).not.toContain("kiln-agent.service:");
  expect(stdout).toContain("is installed already");
  expect(stdout).toContain("No service kiln-agent is installed");
  // What is left in the layers: files of the system that came back to what they were.
  const left = LAYERS.flatMap((_, index) => filesBelow(join(layers, String(index), "up")));
  expect(left.filter((path) => basename(path).includes("kiln"))).toEqual([]);
  for (const path of left) expect(readFileSync(path, "utf8"), path).not.toContain("kiln-agent");
  expect(existsSync("/etc/systemd/system/kiln-agent.service")).toBe(false);
});

/** Files, without what overlayfs keeps for removed ones. */
function filesBelow(path: string): string[] {
  return (
    readdirSync(path, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      // useradd's and userdel's copies of what was before.
      .filter((one) => !one.endsWith("-"))
  );
}
