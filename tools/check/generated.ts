// Fails when proto/src/gen is not what buf generates from proto/proto.
import { globSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateProto } from "../proto.ts";
import { root } from "../tool.ts";

const GEN = join("proto", "src", "gen");

const fresh = await mkdtemp(join(tmpdir(), "kiln-gen-"));
try {
  await generateProto(fresh);
  const wanted = await readTree(join(fresh, "src", "gen"));
  const committed = await readTree(join(root, GEN));
  const differing = [...new Set([...wanted.keys(), ...committed.keys()])].filter(
    (file) => wanted.get(file) !== committed.get(file),
  );
  for (const file of differing) process.stdout.write(`not what buf generates: ${join(GEN, file)}\n`);
  if (wanted.size === 0) process.stdout.write("buf generated nothing\n");
  if (differing.length > 0) process.stdout.write("Run: pnpm gen\n");
  process.exitCode = differing.length === 0 && wanted.size > 0 ? 0 : 1;
} finally {
  await rm(fresh, { recursive: true, force: true });
}

async function readTree(folder: string): Promise<Map<string, string>> {
  const files = globSync("**/*.ts", { cwd: folder });
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), "utf8")] as const)),
  );
}
