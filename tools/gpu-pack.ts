// Packs what test/gpu/run.sh needs into one folder, for a machine that has a GPU, and
// neither a checkout nor Node, nats-server and a network:
//
//   node tools/gpu-pack.ts DIR [--node FILE] [--nats-server FILE]
//
// DIR/run.sh runs it there. By default the Node is the one that runs this, and the
// nats-server KILN_NATS_SERVER or the first on the PATH. Both have to be for that machine's system.
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { createGzip } from "node:zlib";
import { rolldown } from "rolldown";
import { bundleAgent } from "./bundle/agent-bundle.ts";
import { SetupError, setupMain } from "./setup/setup-error.ts";
import { root } from "./tool.ts";

/** What is loaded for ssh:// addresses only, with native code. */
const LEFT_OUT: ReadonlySet<string> = new Set(["ssh2"]);
const PROGRAMS = [
  { from: "coordinator/src/main.ts", manifest: "coordinator/package.json" },
  { from: "test/src/gpu/main.ts", manifest: null },
] as const;

await setupMain(async () => {
  const { values, positionals } = parseArgs({
    options: { node: { type: "string", default: process.execPath }, "nats-server": { type: "string" } },
    allowPositionals: true,
  });
  const [out, ...rest] = positionals;
  if (out === undefined || rest.length > 0) throw new SetupError("usage: node tools/gpu-pack.ts DIR", []);
  const folder = resolve(out);
  for (const { from, manifest } of PROGRAMS) {
    const target = join(folder, from.replace(/\.ts$/, ".mjs"));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, await bundle(join(root, from)));
    // It reads its version there.
    if (manifest) await writeFile(join(folder, manifest), await shortManifest(join(root, manifest)));
  }
  await writeFile(join(folder, "kiln-agent.mjs"), (await bundleAgent("es")).code);
  await compress(values.node, join(folder, "bin", "node.gz"));
  await compress(values["nats-server"] ?? findNatsServer(), join(folder, "bin", "nats-server.gz"));
  await copyFile(join(root, "test", "gpu", "run.sh"), join(folder, "run.sh"));
  await chmod(join(folder, "run.sh"), 0o755);
  process.stdout.write(`${join(folder, "run.sh")}\n`);
});

async function bundle(input: string): Promise<string> {
  const build = await rolldown({
    cwd: root,
    input,
    platform: "node",
    logLevel: "warn",
    plugins: [
      {
        name: "leave-out",
        resolveId: (source) => (LEFT_OUT.has(source) ? `\0${source}` : null),
        load: (id) => (LEFT_OUT.has(id.slice(1)) ? "export const Client = undefined;\n" : null),
      },
    ],
  });
  const { output } = await build.generate({ format: "es", codeSplitting: false });
  await build.close();
  return output[0].code;
}

async function shortManifest(path: string): Promise<string> {
  const { name, version } = JSON.parse(await readFile(path, "utf8")) as { name: string; version: string };
  return `${JSON.stringify({ name, version, type: "module" })}\n`;
}

async function compress(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await pipeline(createReadStream(from), createGzip({ level: 9 }), createWriteStream(to));
}

function findNatsServer(): string {
  const named = process.env["KILN_NATS_SERVER"];
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const found = named || folders.map((folder) => join(folder, "nats-server")).find((path) => existsSync(path));
  if (found) return found;
  throw new SetupError("there is no nats-server to pack", ["Name one with --nats-server FILE."]);
}
