import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../tool.ts";
import { dashboards } from "./dashboards.ts";

const FOLDER = join(root, "deploy", "grafana", "dashboards");

/** What the committed files have to be, by path. */
function wanted(): readonly (readonly [path: string, text: string])[] {
  return [...dashboards()].map(([file, dashboard]) => [join(FOLDER, file), `${JSON.stringify(dashboard, null, 2)}\n`]);
}

export async function writeDashboards(): Promise<void> {
  for (const [path, text] of wanted()) await writeFile(path, text);
}

/** Paths of committed files that are not as their code makes them. */
export async function differingDashboards(): Promise<readonly string[]> {
  const differing: string[] = [];
  for (const [path, text] of wanted()) {
    if ((await readFile(path, "utf8").catch(() => null)) !== text) differing.push(path);
  }
  return differing;
}
