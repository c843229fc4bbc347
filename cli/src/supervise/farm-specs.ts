import { getCompileCacheDir } from "node:module";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Home } from "../farm/home.ts";
import type { ChildSpec } from "./child.ts";
import { hostPort, type FarmHost } from "./farm-host.ts";
import type { FarmPorts } from "./ports.ts";
import type { FarmPrograms } from "./repository.ts";

export interface FarmSpecOptions {
  readonly home: Home;
  readonly host: FarmHost;
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

export function farmUrls({ local }: FarmHost, ports: FarmPorts): FarmUrls {
  return {
    httpUrl: `https://${hostPort(local, ports.http)}`,
    grpcAddress: hostPort(local, ports.grpc),
    natsUrl: `nats://${hostPort(local, ports.nats)}`,
  };
}

/** What nats-server logs to; the coordinator reads there whom it has refused. */
export function natsLogFile({ logsDir }: Home): string {
  return join(logsDir, "nats.log");
}

/** How the coordinator is run. */
export function coordinatorSpec(options: FarmSpecOptions): ChildSpec {
  const { home, host, ports, token, env } = options;
  const names = [env["KILN_ALLOWED_HOSTS"] ?? "", ...host.names].filter((name) => name !== "" && isIP(name) === 0);
  const { natsUrl } = farmUrls(host, ports);
  return nodeSpec("coordinator", options.programs.coordinator, options, {
    KILN_COORDINATOR_DIR: home.coordinatorDir,
    KILN_IDENTITY_DIR: home.identityDir,
    KILN_HTTP_ADDRESS: hostPort(host.listen, ports.http),
    KILN_GRPC_ADDRESS: hostPort(host.listen, ports.grpc),
    KILN_NATS_URL: natsUrl,
    KILN_NATS_LOG: natsLogFile(home),
    KILN_PUBLIC_NATS_URL: `nats://:${ports.nats}`,
    KILN_ALLOWED_HOSTS: names.join(","),
    KILN_TOKEN: token,
  });
}

/** How the agent of this machine is run. `joinToken` counts where it is not one of the farm's agents already. */
export function agentSpec(options: FarmSpecOptions, joinToken: string): ChildSpec {
  const { home, host, ports, slots } = options;
  const { httpUrl, grpcAddress, natsUrl } = farmUrls(host, ports);
  return nodeSpec("agent", options.programs.agent, options, {
    KILN_AGENT_DIR: home.agentDir,
    KILN_FARM_URL: httpUrl,
    KILN_JOIN_TOKEN: joinToken,
    // It remembers those of the day on which it joined.
    KILN_FARM_GRPC: grpcAddress,
    KILN_FARM_NATS: natsUrl.replace(/^nats:/, "tls:"),
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
