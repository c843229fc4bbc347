import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../setup/command.ts";
import { SetupError } from "../setup/setup-error.ts";
import { runTool } from "../tool.ts";

/** What Node looks for in itself (https://nodejs.org/api/single-executable-applications.html). */
const SENTINEL = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
const RESOURCE = "NODE_SEA_BLOB";

/** How the executables of a system begin. */
const FORMATS = [
  { magic: "7f454c46", name: "kiln-agent", options: [] },
  { magic: "4d5a", name: "kiln-agent.exe", options: [] },
  { magic: "cffaedfe", name: "kiln-agent", options: ["--macho-segment-name", "NODE_SEA"] },
] as const;

/**
 * Makes one executable of Node and a CommonJS bundle; returns its path. `node` is
 * a Node of the release that runs this, of any system: what is put into it is
 * neither compiled nor a snapshot. An executable for macOS must be signed there
 * afterwards (`codesign --sign -`), or macOS does not run it.
 */
export async function makeExecutable(
  code: string,
  { node, folder }: { readonly node: string; readonly folder: string },
): Promise<string> {
  const bytes = await readFile(node);
  const format = FORMATS.find(({ magic }) => bytes.subarray(0, 8).toString("hex").startsWith(magic));
  if (format === undefined || !bytes.includes(SENTINEL)) {
    throw new SetupError(`${node} is no Node that carries an application`, [
      "Point --node at the executable of an official Node 24.",
    ]);
  }
  const work = await mkdtemp(join(tmpdir(), "kiln-bundle-"));
  try {
    const blob = await makeBlob(code, work);
    const path = join(folder, format.name);
    await rm(path, { force: true });
    await copyFile(node, path);
    await chmod(path, 0o755);
    const into = [path, RESOURCE, blob, "--sentinel-fuse", SENTINEL, ...format.options];
    const injected = await runTool("postject", into);
    if (injected.exitCode !== 0) throw new Error(`postject failed:\n${injected.output}`);
    return path;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What Node finds in itself when it starts, as a file. */
async function makeBlob(code: string, folder: string): Promise<string> {
  const output = join(folder, "agent.blob");
  await writeFile(join(folder, "kiln-agent.cjs"), code);
  const settings = { main: "kiln-agent.cjs", output, disableExperimentalSEAWarning: true, useSnapshot: false };
  const config = join(folder, "sea.json");
  await writeFile(config, JSON.stringify({ ...settings, useCodeCache: false }));
  const made = await runCommand(process.execPath, ["--experimental-sea-config", config], { cwd: folder });
  if (made.exitCode !== 0) throw new Error(`node --experimental-sea-config failed:\n${made.output}`);
  return output;
}
