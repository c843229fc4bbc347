import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../tool.ts";

const DASHBOARDS = join(root, "deploy", "grafana", "dashboards");

/** What the compiler says against these texts as dashboards, by line. Beside the types, so that imports are found. */
async function problemsOf(texts: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(root, "node_modules", ".kiln-dashboards-"));
  try {
    const types = join(root, "tools", "dashboards", "strict-dashboard.ts");
    const checks = texts.map((text, at) => `export const d${at} = (${text}) as const satisfies StrictDashboard;`);
    const source = [`import type { StrictDashboard } from ${JSON.stringify(types)};`, ...checks].join("\n");
    await writeFile(join(folder, "check.ts"), source);
    const config = { extends: join(root, "tsconfig.json"), include: [], files: ["check.ts"] };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = join(root, "node_modules", ".bin", "tsc");
    const output = await new Promise<string>((resolve, reject) => {
      execFile(compiler, ["--noEmit", "-p", folder], (error, stdout, stderr) =>
        error && stdout === "" ? reject(new Error(stderr, { cause: error })) : resolve(stdout),
      );
    });
    return output.split("\n").filter((line) => line.includes("error TS"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function committed(): Promise<readonly string[]> {
  const files = await readdir(DASHBOARDS);
  expect(files).toHaveLength(4);
  return Promise.all(files.map((file) => readFile(join(DASHBOARDS, file), "utf8")));
}

test("the committed dashboards have only members and values that Grafana's definitions know", async () => {
  expect(await problemsOf(await committed())).toEqual([]);
});

test("a value or a member that Grafana does not know is found", async () => {
  const [text = ""] = await committed();
  const changed = [
    text.replace('"mode": "absolute"', '"mode": "absolut"'),
    text.replace('"gridPos": {', '"gridPosition": {'),
    text.replace('"schemaVersion": 42,', ""),
  ];
  for (const one of changed) expect(one).not.toBe(text);
  const found = await problemsOf(changed);
  expect(found.join("\n")).toMatch(/absolut/);
  expect(found.join("\n")).toMatch(/gridPosition/);
  expect(found.join("\n")).toMatch(/schemaVersion/);
});
