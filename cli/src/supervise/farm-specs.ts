import { getCompileCacheDir } from "node:module";
import { join } from "node:path";
import type { Home } from "../farm/home.ts";
import type { ChildSpec } from "./child.ts";
import type { FarmPorts } from "./ports.ts";
import type { FarmPrograms } from "./repository.ts";

export interface FarmSpecOptions {
  readonly home: Home;
  readonly ports: FarmPorts;
  readonly token: string;
  readonly env: NodeJS.ProcessEnv;
  readonly programs: FarmPrograms;
  /** null: as many as the machine has cores. */
  readonly slots: number | null;
}

export interface FarmUrls {
  readonly httpUrl: string;
  readonly grpcAddress: string;
  readonly natsUrl: string;
}

export function farmUrls(ports: FarmPorts): FarmUrls {
  return {
    httpUrl: `http://127.0.0.1:${ports.http}`,
    grpcAddress: `127.0.0.1:${ports.grpc}`,
    natsUrl: `nats://127.0.0.1:${ports.nats}`,
  };
}

/** How the coordinator is run. */
export function coordinatorSpec(options: FarmSpecOptions): ChildSpec {
  const { home, ports, token } = options;
  return nodeSpec("coordinator", options.programs.coordinator, options, {
    KILN_COORDINATOR_DIR: home.coordinatorDir,
    KILN_HTTP_ADDRESS: `127.0.0.1:${ports.http}`,
    KILN_GRPC_ADDRESS: `127.0.0.1:${ports.grpc}`,
    KILN_NATS_URL: farmUrls(ports).natsUrl,
    KILN_TOKEN: token,
  });
}

/** How the agent of this machine is run. */
export function agentSpec(options: FarmSpecOptions): ChildSpec {
  const { home, ports, token, slots } = options;
  const { httpUrl, grpcAddress, natsUrl } = farmUrls(ports);
  return nodeSpec("agent", options.programs.agent, options, {
    KILN_AGENT_DIR: home.agentDir,
    KILN_COORDINATOR_GRPC: grpcAddress,
    KILN_COORDINATOR_HTTP: httpUrl,
    KILN_NATS_URL: natsUrl,
    KILN_TOKEN: token,
    ...(slots === null ? {} : { KILN_SLOTS: String(slots) }),
  });
}

/**
 * Node's own heap for short-lived objects grows to 48 MiB and stays there; with
 * this it is 12, at no measurable cost in speed (docs/BENCHMARKS.md).
 */
const NODE_OPTIONS: readonly string[] = ["--max-semi-space-size=4"];

function nodeSpec(name: string, program: string, options: FarmSpecOptions, settings: NodeJS.ProcessEnv): ChildSpec {
  const cache = getCompileCacheDir();
  return {
    name,
    command: process.execPath,
    args: [...NODE_OPTIONS, program],
    env: {
      ...options.env,
      ...settings,
      // The end of its standard input means that this process is gone.
      KILN_EXIT_WITH_PARENT: "1",
      ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }),
    },
    cwd: options.home.dir,
    logFile: join(options.home.logsDir, `${name}.log`),
    ready: { kind: "line" },
    readyTimeoutMs: 60_000,
    stopTimeoutMs: 15_000,
  };
}
