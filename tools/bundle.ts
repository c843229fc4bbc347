// Makes the agent as one file that runs with nothing but Node 24, and as one executable:
//
//   ./kiln bundle                              dist/kiln-agent.mjs, LICENSES.txt, SHA256SUMS
//   ./kiln bundle --executable                 and dist/kiln-agent, with the Node that runs this
//   ./kiln bundle --executable --node node.exe and dist/kiln-agent.exe, with that Node 24 of any system
//   ./kiln bundle --out DIR                    somewhere else than dist/
//   ./kiln bundle --agent-version 1.2.3-rc.1   with another version than the one in agent/package.json
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundleAgent, type AgentBundle } from "./bundle/agent-bundle.ts";
import { makeExecutable } from "./bundle/executable.ts";
import { licencesText } from "./bundle/licences.ts";
import { SetupError, setupMain } from "./setup/setup-error.ts";
import { root } from "./tool.ts";

const SEMVER = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/u;

await setupMain(async () => {
  const { values } = parseArgs({
    options: {
      out: { type: "string", default: join(root, "dist") },
      executable: { type: "boolean", default: false },
      node: { type: "string", default: process.execPath },
      "agent-version": { type: "string" },
    },
  });
  const version = values["agent-version"];
  if (version !== undefined && !SEMVER.test(version)) {
    throw new SetupError(`--agent-version is "${version}"`, ["It must be a semantic version, for example 1.2.3."]);
  }
  const folder = resolve(values.out);
  await mkdir(folder, { recursive: true });
  const bundle = await bundleAgent("es", version);
  const files = [await write(folder, "kiln-agent.mjs", bundle.code), await writeLicences(folder, bundle)];
  if (values.executable) {
    const { code } = await bundleAgent("cjs", version);
    files.push(await makeExecutable(code, { node: resolve(values.node), folder }));
  }
  await writeFile(join(folder, "SHA256SUMS"), (await Promise.all(files.map(sumLine))).join(""));
  for (const file of files) process.stdout.write(`${file}\n`);
});

async function write(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function writeLicences(folder: string, { version, packages }: AgentBundle): Promise<string> {
  return write(folder, "LICENSES.txt", await licencesText(version, packages));
}

/** As sha256sum writes it. */
async function sumLine(path: string): Promise<string> {
  const digest = createHash("sha256").update(await readFile(path));
  return `${digest.digest("hex")}  ${basename(path)}\n`;
}
