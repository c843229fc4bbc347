import { availableParallelism, homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import type { DockerSettings } from "./adapters/docker/docker-executor.ts";
import { readDockerConfig } from "./docker-config.ts";
import type { Secret } from "./domain/redaction/secret-forms.ts";
import { environmentSecrets } from "./read-secrets.ts";

export interface AgentConfig {
  /** The agent's home: identity, spool, caches, working folders. */
  readonly folder: string;
  /** host:port */
  readonly coordinatorGrpc: string;
  /** For example http://127.0.0.1:8270 */
  readonly coordinatorHttp: string;
  readonly natsUrl: string;
  readonly token: string;
  /** What is taken out of everything that is reported. */
  readonly secrets: readonly Secret[];
  /** For people. */
  readonly name: string;
  /** Jobs at a time, 1 to 1,000. */
  readonly slots: number;
  readonly executor: "host" | "docker" | "dummy";
  /** null where jobs do not run in containers. */
  readonly docker: DockerSettings | null;
  readonly logLevel: LogLevel;
  /** Bytes not acknowledged by the coordinator from which on jobs are held back. */
  readonly spoolBytesMax: number;
  /** Fetched blobs that are kept for the next job. */
  readonly blobCacheBytesMax: number;
  /** Of a built wheel; a larger one fails its build. */
  readonly wheelBytesMax: number;
  /** Of ccache's and sccache's results each; 0: none are kept. */
  readonly compilerCacheBytesMax: number;
}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SLOTS_MAX = 1_000;
export const CONFIG_DEFAULTS = {
  coordinatorGrpc: "127.0.0.1:8271",
  coordinatorHttp: "http://127.0.0.1:8270",
  natsUrl: "nats://127.0.0.1:8272",
  spoolBytesMax: 2 * 1024 ** 3,
  blobCacheBytesMax: 2 * 1024 ** 3,
  wheelBytesMax: 2 * 1024 ** 3,
  compilerCacheBytesMax: 5 * 1024 ** 3,
} as const;

export type ConfigResult =
  | { readonly ok: true; readonly config: AgentConfig }
  /** One sentence a variable. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the agent's configuration from its environment; everything that is wrong is reported at once. */
export function readConfig(env: NodeJS.ProcessEnv): ConfigResult {
  const problems: string[] = [];
  const text = (name: string, fallback: string): string => {
    const value = env[name]?.trim();
    return value === undefined || value === "" ? fallback : value;
  };
  const choice = <T extends string>(name: string, choices: readonly T[], fallback: T): T => {
    const value = text(name, fallback);
    const known = choices.find((one) => one === value);
    if (known === undefined) problems.push(`${name} is "${value}"; it may be ${choices.join(", ")}`);
    return known ?? fallback;
  };
  const integer = (name: string, min: number, max: number, fallback: number): number => {
    const value = text(name, String(fallback));
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (number >= min && number <= max) return number;
    problems.push(`${name} is "${value}"; it may be a whole number from ${min} to ${max}`);
    return fallback;
  };
  const slots = integer("KILN_SLOTS", 1, SLOTS_MAX, availableParallelism());
  const executor = choice("KILN_EXECUTOR", ["host", "docker", "dummy"], "host");
  const docker = executor === "docker" ? readDockerConfig(env, slots) : null;
  if (docker && !docker.ok) problems.push(...docker.problems);
  const config: AgentConfig = {
    folder: resolve(text("KILN_AGENT_DIR", defaultFolder(env))),
    coordinatorGrpc: text("KILN_COORDINATOR_GRPC", CONFIG_DEFAULTS.coordinatorGrpc),
    coordinatorHttp: text("KILN_COORDINATOR_HTTP", CONFIG_DEFAULTS.coordinatorHttp).replace(/\/+$/, ""),
    natsUrl: text("KILN_NATS_URL", CONFIG_DEFAULTS.natsUrl),
    token: text("KILN_TOKEN", ""),
    secrets: environmentSecrets(env, problems),
    name: text("KILN_AGENT_NAME", hostname()),
    slots,
    executor,
    docker: docker?.ok ? docker.settings : null,
    logLevel: choice("KILN_LOG_LEVEL", LOG_LEVELS, "info"),
    spoolBytesMax: integer("KILN_SPOOL_BYTES_MAX", 1024 ** 2, 2 ** 50, CONFIG_DEFAULTS.spoolBytesMax),
    wheelBytesMax: integer("KILN_WHEEL_BYTES_MAX", 1024, 2 ** 50, CONFIG_DEFAULTS.wheelBytesMax),
    blobCacheBytesMax: integer("KILN_BLOB_CACHE_BYTES_MAX", 0, 2 ** 50, CONFIG_DEFAULTS.blobCacheBytesMax),
    compilerCacheBytesMax: integer("KILN_COMPILER_CACHE_BYTES", 0, 2 ** 50, CONFIG_DEFAULTS.compilerCacheBytesMax),
  };
  if (config.token === "") problems.push("KILN_TOKEN is not set: it is the farm's token, in the farm's farm.json");
  if (!/^[^\s/]+:\d{1,5}$/.test(config.coordinatorGrpc)) {
    problems.push(`KILN_COORDINATOR_GRPC is "${config.coordinatorGrpc}"; it must be host:port`);
  }
  if (!/^https?:\/\//.test(config.coordinatorHttp)) {
    problems.push(`KILN_COORDINATOR_HTTP is "${config.coordinatorHttp}"; it must be an http or https URL`);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config };
}

/** Where the agent lives unless told otherwise; needs no other configuration. */
export function defaultFolder(env: NodeJS.ProcessEnv): string {
  const told = env["KILN_AGENT_DIR"];
  if (told) return resolve(told);
  return join(env["KILN_HOME"] ?? farmHome(env), "agent");
}

function farmHome(env: NodeJS.ProcessEnv): string {
  if (process.platform === "win32") return join(env["LOCALAPPDATA"] ?? join(homedir(), "AppData", "Local"), "kiln");
  return join(env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "kiln");
}
