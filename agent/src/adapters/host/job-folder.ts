import { chmodSync, lstatSync, readdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** The working folder of one attempt; everything in it goes with it. */
export interface JobFolder {
  readonly root: string;
  /** The unpacked source. */
  readonly source: string;
  readonly virtualEnv: string;
  /** The environment of the baseline that the candidate is measured beside. */
  readonly baselineEnv: string;
  /** Archives and wheels that were fetched or built. */
  readonly files: string;
  /** What pip built. */
  readonly built: string;
  /** The source again, for a second build, under another path. */
  readonly sourceAgain: string;
  /** What pip built the second time. */
  readonly rebuilt: string;
  /** Where the repair of the wheel writes. */
  readonly repaired: string;
  /** Where the test runs. */
  readonly test: string;
  readonly temporary: string;
  /** What test commands write their results into, a folder for each run. */
  readonly results: string;
}

export async function makeJobFolder(root: string): Promise<JobFolder> {
  const folder: JobFolder = {
    root,
    source: join(root, "source"),
    virtualEnv: join(root, "env"),
    // As long as the other: the length of a path can move a benchmark.
    baselineEnv: join(root, "bas"),
    files: join(root, "files"),
    built: join(root, "built"),
    sourceAgain: join(root, "again", "another-place", "source"),
    rebuilt: join(root, "rebuilt"),
    repaired: join(root, "repaired"),
    test: join(root, "test"),
    temporary: join(root, "tmp"),
    results: join(root, "results"),
  };
  await mkdir(root, { recursive: true, mode: 0o700 });
  const { files, built, rebuilt, repaired, test, temporary, results } = folder;
  for (const path of [files, built, rebuilt, repaired, test, temporary, results]) await mkdir(path);
  return folder;
}

/** Removes a folder whatever a job left in it, read-only folders included. */
export async function removeFolder(root: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;
  try {
    await rm(root, options);
  } catch {
    makeWritable(root);
    await rm(root, options);
  }
}

function makeWritable(folder: string): void {
  chmodSync(folder, 0o700);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (lstatSync(path).isDirectory()) makeWritable(path);
  }
}
