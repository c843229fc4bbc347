import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { formatBytes } from "../../domain/units.ts";
import type { JobContext, StepEnd } from "./job-context.ts";
import { openOwnFile } from "./own-file.ts";
import { agents, DONE } from "./step-tools.ts";

const FILES_MAX = 20;
const FILE_BYTES_MAX = 32 * 1024 ** 2;

/**
 * Keeps what a check or a scan has left in its folder for results: SARIF and
 * other JSON, as artifacts `scan`. What is there and cannot be kept fails the
 * job: without it a gate would see less than the scanner did.
 */
export async function keepScanFiles(folder: string, context: JobContext): Promise<StepEnd> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.(?:sarif|json)$/i.test(name)).sort();
  const refused = (what: string): StepEnd =>
    agents("tests-failed", `the results of the command cannot be kept: ${what}`);
  if (names.length > FILES_MAX)
    return refused(`${names.length} files are in $KILN_RESULTS; at most ${FILES_MAX} are kept`);
  for (const name of names) {
    const path = join(folder, name);
    const problem = await unfit(path, context.folder.results);
    if (problem !== null) return refused(`${name}: ${problem}`);
    const filename = name.replaceAll(/[^\w.+-]/g, "_").slice(-200);
    const stored = await context.blobs.store(path, filename, context.signal);
    if (!stored.ok) return agents("infrastructure", `${name} could not be stored: ${stored.message}`);
    context.artifact("scan", stored.blob);
  }
  return DONE;
}

/** What speaks against a file that a job has made; null when nothing does. */
async function unfit(path: string, within: string): Promise<string | null> {
  try {
    const file = await openOwnFile(path, within);
    if (!file) return "it is a link to nowhere";
    await using opened = file;
    const { size } = await opened.stat();
    return size > FILE_BYTES_MAX ? `it has ${formatBytes(size)}; the limit is ${formatBytes(FILE_BYTES_MAX)}` : null;
  } catch (cause) {
    return cause instanceof Error ? cause.message.replace(path, "it") : String(cause);
  }
}
