import { join } from "node:path";
import { DockerExecutor, type DockerSettings } from "../adapters/docker/docker-executor.ts";
import type { JobRunParts } from "../adapters/host/job-run.ts";
import type { IndexAccess } from "../adapters/host/run-index.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import { SecretBook } from "../domain/redaction/secret-book.ts";
import { HostBench } from "./host-bench.ts";
import type { LocalBlobs } from "./local-blobs.ts";
import type { ManualClock } from "./manual-clock.ts";

export interface DockerBenchOptions {
  readonly socketPath: string;
  readonly blobs: LocalBlobs;
  /** What is kept from job to job; several benches may share it. */
  readonly stateFolder: string;
  readonly clock?: ManualClock;
  readonly settings?: Partial<DockerSettings>;
  readonly env?: NodeJS.ProcessEnv;
  readonly indexes?: IndexAccess;
}

/** Settings for an engine without a bridge: what needs an index has the machine's own network. */
function dockerSettings(socketPath: string, changes: Partial<DockerSettings> = {}): DockerSettings {
  return {
    socketPath,
    images: { byDefault: "kiln-test:bookworm", byPolicy: {} },
    limits: { memoryBytes: 1024 ** 3, cpus: 2, pidsMax: 200 },
    network: "host",
    readOnlyPaths: [],
    pull: "missing",
    imageCacheBytesMax: 10 * 1024 ** 3,
    ...changes,
  };
}

function dockerExecutor(options: DockerBenchOptions, parts: JobRunParts): DockerExecutor {
  return new DockerExecutor(dockerSettings(options.socketPath, options.settings), {
    ...parts,
    stateFolder: options.stateFolder,
    clock: systemClock,
    env: options.env ?? process.env,
    secrets: new SecretBook([]),
  });
}

/** A bench whose executor runs jobs in containers of a test's own engine. */
export function dockerBench(options: DockerBenchOptions): HostBench {
  const { blobs, clock, indexes, stateFolder } = options;
  return new HostBench([], {
    tools: join(stateFolder, "host-tools"),
    blobs,
    ...(clock ? { clock } : {}),
    ...(indexes ? { indexes } : {}),
    executor: (parts) => dockerExecutor(options, parts),
  });
}
