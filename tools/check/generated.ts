// Fails when what is generated is not what `pnpm gen` makes of its sources now.
import { globSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ARCHITECTURE_DOC, withGeneratedParts } from "../architecture-doc.ts";
import { differingDashboards } from "../dashboards/files.ts";
import { generateProto } from "../proto.ts";
import { root } from "../tool.ts";

const differing = [...(await differingCode()), ...(await differingDocs()), ...(await dashboardFiles())];
for (const file of differing) process.stdout.write(`not as generated: ${file}\n`);
process.exitCode = differing.length === 0 ? 0 : 1;

async function differingCode(): Promise<string[]> {
  const gen = join("proto", "src", "gen");
  const fresh = await mkdtemp(join(tmpdir(), "kiln-gen-"));
  try {
    await generateProto(fresh);
    const wanted = await readTree(join(fresh, "src", "gen"));
    if (wanted.size === 0) return [`${gen}: buf generated nothing`];
    const committed = await readTree(join(root, gen));
    const files = new Set([...wanted.keys(), ...committed.keys()]);
    return [...files].filter((file) => wanted.get(file) !== committed.get(file)).map((file) => join(gen, file));
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function differingDocs(): Promise<string[]> {
  const text = await readFile(ARCHITECTURE_DOC, "utf8");
  return withGeneratedParts(text) === text ? [] : [relative(root, ARCHITECTURE_DOC)];
}

async function dashboardFiles(): Promise<string[]> {
  return (await differingDashboards()).map((path) => relative(root, path));
}

async function readTree(folder: string): Promise<Map<string, string>> {
  const files = globSync("**/*.ts", { cwd: folder });
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), "utf8")] as const)),
  );
}
