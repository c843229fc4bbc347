// Brings a nats-server with the system's package manager and prints its path.
// The launcher runs this when none is found and the command needs one.
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptUpdate, haveApt } from "./apt.ts";
import { commandWorks, lastLines, runCommand } from "./command.ts";
import { say, SetupError, setupMain } from "./setup-error.ts";
import { makeTool } from "./tools-folder.ts";

const BY_HAND = [
  "Debian, Ubuntu:  sudo apt-get update && sudo apt-get install nats-server",
  "macOS:           brew install nats-server",
  "Windows:         winget install NATSAuthors.NATSServer",
  "elsewhere:       see nats.io; then put nats-server on the PATH, or set KILN_NATS_SERVER to its path.",
];

async function bring(): Promise<string> {
  if (await haveApt()) return await fromApt();
  if (process.platform === "darwin" && (await commandWorks("brew", ["--version"]))) return await fromBrew();
  if (process.platform === "win32" && (await commandWorks("winget", ["--version"]))) return await fromWinget();
  throw new SetupError("nats-server was not found, and there is no package manager here that Kiln knows", BY_HAND);
}

/**
 * Takes the executable out of Debian's package instead of installing that
 * package: it needs no root, and the package would start a server of its own.
 */
async function fromApt(): Promise<string> {
  say("nats-server was not found; taking it from Debian's package: apt-get download nats-server");
  const folder = await mkdtemp(join(tmpdir(), "kiln-nats-"));
  try {
    let download = await runCommand("apt-get", ["download", "nats-server"], { cwd: folder });
    if (download.exitCode !== 0 && (await aptUpdate())) {
      download = await runCommand("apt-get", ["download", "nats-server"], { cwd: folder });
    }
    const file = (await readdir(folder)).find((name) => name.endsWith(".deb"));
    if (download.exitCode !== 0 || file === undefined) {
      process.stderr.write(`${lastLines(download.output, 5)}\n`);
      throw new SetupError("apt-get could not fetch nats-server", BY_HAND);
    }
    const unpacked = join(folder, "unpacked");
    const unpack = await runCommand("dpkg-deb", ["--extract", join(folder, file), unpacked]);
    const executable = ["usr/sbin", "usr/bin"]
      .map((place) => join(unpacked, place, "nats-server"))
      .find((path) => existsSync(path));
    if (unpack.exitCode !== 0 || executable === undefined) {
      throw new SetupError(`there is no nats-server in ${file}`, BY_HAND);
    }
    const place = await makeTool("nats-server", (made) => copyFile(executable, join(made, "nats-server")));
    return join(place, "nats-server");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fromBrew(): Promise<string> {
  say("nats-server was not found; running: brew install nats-server");
  const install = await runCommand("brew", ["install", "nats-server"]);
  const prefix = (await runCommand("brew", ["--prefix"])).stdout.trim();
  return installed(install, join(prefix, "bin", "nats-server"));
}

async function fromWinget(): Promise<string> {
  const args = ["install", "--exact", "--id", "NATSAuthors.NATSServer"];
  say(`nats-server was not found; running: winget ${args.join(" ")}`);
  const consent = ["--accept-package-agreements", "--accept-source-agreements", "--disable-interactivity"];
  const install = await runCommand("winget", [...args, ...consent]);
  // winget links portable programs into this folder, which only new shells have on their PATH.
  const links = join(process.env["LOCALAPPDATA"] ?? "", "Microsoft", "WinGet", "Links");
  return installed(install, join(links, "nats-server.exe"));
}

function installed(install: { readonly exitCode: number; readonly output: string }, path: string): string {
  if (install.exitCode === 0 && existsSync(path)) return path;
  process.stderr.write(`${lastLines(install.output, 5)}\n`);
  throw new SetupError(`the package manager did not bring ${path}`, BY_HAND);
}

await setupMain(async () => {
  const path = await bring();
  const version = await runCommand(path, ["--version"]);
  if (version.exitCode !== 0) throw new SetupError(`${path} does not run here: ${version.output.trim()}`, BY_HAND);
  say(`${version.stdout.trim()} at ${path}`);
  process.stdout.write(`${path}\n`);
});
