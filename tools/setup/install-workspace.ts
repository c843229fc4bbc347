// Brings pnpm 12 where it is missing, and installs what pnpm-lock.yaml names.
// The launcher runs this when the lock file differs from what was last
// installed. It imports nothing but node: modules, for there is nothing else yet.
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { lastLines, runCommand } from "./command.ts";
import { lockFile } from "./file-lock.ts";
import { say, SetupError, setupMain } from "./setup-error.ts";
import { makeTool, toolsFolder } from "./tools-folder.ts";

const PNPM_MAJOR = 12;
const INSTALL_TIMEOUT_MS = 15 * 60_000;

const root = join(import.meta.dirname, "..", "..");

/** Command and first arguments that run pnpm. */
type Pnpm = readonly [string, ...string[]];

async function findPnpm(): Promise<Pnpm> {
  // Asked outside the checkout, where no setting of it has a say.
  const version = (await runCommand("pnpm", ["--version"], { cwd: tmpdir() })).stdout.trim();
  if (version.startsWith(`${PNPM_MAJOR}.`)) return ["pnpm"];
  const name = `pnpm${PNPM_MAJOR}`;
  const place = join(toolsFolder(), name);
  if (!existsSync(place)) {
    say(`installing pnpm ${PNPM_MAJOR} into ${toolsFolder()} (once)`);
    await makeTool(name, npmInstallPnpm);
  }
  return [process.execPath, join(place, "node_modules", "pnpm", "bin", "pnpm.mjs")];
}

async function npmInstallPnpm(folder: string): Promise<void> {
  await writeFile(join(folder, "package.json"), "{}\n");
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier"];
  // One more try at once: a person who is offline learns it in seconds.
  const patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000"];
  const args = ["install", "--global=false", ...flags, ...patience, `pnpm@${PNPM_MAJOR}`];
  const npm = await runCommand("npm", args, { cwd: folder });
  if (npm.exitCode !== 0) {
    process.stderr.write(`${lastLines(npm.output, 15)}\n`);
    throw new SetupError(`npm could not install pnpm@${PNPM_MAJOR} (its last words are above)`, [
      "Check that this machine reaches the npm registry (npm ping), or its mirror or proxy (npm config get registry).",
      `Or install pnpm ${PNPM_MAJOR} another way, so that it is on the PATH.`,
    ]);
  }
}

async function installWorkspace([command, ...first]: Pnpm): Promise<void> {
  const started = performance.now();
  say("installing the workspace's dependencies (when pnpm-lock.yaml has changed)");
  const env = {
    ...process.env,
    // Install scripts run the Node that will run Kiln.
    PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
    // No questions and no progress bars.
    CI: "true",
  };
  const pnpm = await runCommand(command, [...first, "install", "--frozen-lockfile", "--prod=false"], {
    cwd: root,
    env,
  });
  if (pnpm.exitCode !== 0) {
    process.stderr.write(`${lastLines(pnpm.output, 25)}\n`);
    throw new SetupError("pnpm could not install the workspace's dependencies (its last words are above)", [
      "Check that this machine reaches the npm registry (npm ping), or its mirror or proxy (npm config get registry).",
      "A lock file that does not fit package.json is put right by: pnpm install",
    ]);
  }
  say(`installed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

await setupMain(async () => {
  const lock = join(root, "pnpm-lock.yaml");
  const stamp = join(root, "node_modules", ".kiln-installed.yaml");
  // Not in node_modules, which pnpm may replace as a whole.
  await mkdir(join(root, ".kiln"), { recursive: true });
  await using _lock = await lockFile(join(root, ".kiln", "install.lock"), {
    timeoutMs: INSTALL_TIMEOUT_MS,
    onWait: (pid) => say(`waiting for process ${pid}, which installs the dependencies of this checkout`),
  });
  const wanted = await readFile(lock, "utf8");
  const installed = await readFile(stamp, "utf8").catch(() => null);
  if (wanted === installed) return;
  await installWorkspace(await findPnpm());
  await copyFile(lock, stamp);
});
