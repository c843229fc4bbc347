import { copyFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { run } from "../containers/debian-rootfs.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Where Node looks for an application in itself. */
const SENTINEL = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** What an agent asks an interpreter before a job's own command runs. */
const SCRIPT = `
const { mkdirSync } = require("node:fs");
const { dirname, join } = require("node:path");
const args = process.argv.slice(2).filter((arg) => arg !== "-E" && arg !== "-s");
const facts = {
  implementation: "cpython", version: "3.12.99", isFreeThreaded: false, platform: "win-amd64", machine: "AMD64",
  isVirtual: false, missing: [], pipWheel: join(dirname(process.execPath), "pip-0-py3-none-any.whl"),
};
if (args[0] === "-c") console.log(JSON.stringify(facts));
else if (args[1] === "venv") for (const name of ["Lib/site-packages", "Scripts"]) mkdirSync(join(args.at(-1), name), { recursive: true });
else if (args[1] === "zipfile") mkdirSync(args.at(-1), { recursive: true });
else if (args[1] !== "compileall") { console.error("a stand-in for Python cannot do: " + args.join(" ")); process.exitCode = 2; }
`;

/**
 * Writes a `python.exe` into `folder` that answers what an agent asks of an
 * interpreter, and does nothing else: no Python for Windows is on any registry
 * that tests can rely on. Throws when it cannot be made.
 */
export async function writeStandInPython(node: string, folder: string): Promise<void> {
  using work = temporaryFolder("kiln-stand-in-");
  const at = (name: string): string => join(work.path, name);
  writeFileSync(at("main.cjs"), SCRIPT);
  writeFileSync(
    at("sea.json"),
    JSON.stringify({ main: at("main.cjs"), output: at("blob"), disableExperimentalSEAWarning: true }),
  );
  const python = join(folder, "python.exe");
  copyFileSync(node, python);
  writeFileSync(join(folder, "pip-0-py3-none-any.whl"), "");
  const postject = createRequire(import.meta.url).resolve("postject/dist/cli.js");
  for (const args of [
    ["--experimental-sea-config", at("sea.json")],
    [postject, python, "NODE_SEA_BLOB", at("blob"), "--sentinel-fuse", SENTINEL],
  ]) {
    const end = await run(process.execPath, args);
    if (!end.ok) throw new Error(`the stand-in for Python could not be made: ${end.output}`);
  }
}
