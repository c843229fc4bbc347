import { availableParallelism, homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import type { AgentSettings } from "./adapters/disk/agent-settings.ts";
import type { DockerSettings } from "./adapters/docker/docker-executor.ts";
import { readDockerConfig } from "./docker-config.ts";
import type { JoinSettings } from "./ports/credentials.ts";
import { parseLabels } from "./domain/labels.ts";
import type { Secret } from "./domain/redaction/secret-forms.ts";
import { environmentSecrets } from "./read-secrets.ts";

export interface AgentConfig {
  /** The agent's home: identity, spool, caches, working folders. */
  readonly folder: string;
  /** By which it joins a farm at its start; null: it has to have joined one. */
  readonly join: JoinSettings | null;
  /** What is taken out of everything that is reported. */
  readonly secrets: readonly Secret[];
  /** For people. */
  readonly name: string;
  /** The owner's own: what jobs may ask for. */
  readonly labels: Readonly<Record<string, string>>;
  /** It takes one job, then leaves the farm. */
  readonly isEphemeral: boolean;
  /** Jobs at a time, 1 to 1,000; 1 for an ephemeral agent. */
  readonly slots: number;
  readonly executor: "host" | "docker" | "dummy";
  /** null where jobs do not run in containers. */
  readonly docker: DockerSettings | null;
  /** Set by `agent service`: it can start another version. null: no service runs this agent. */
  readonly service: { readonly bundleSha256: string } | null;
  readonly logLevel: LogLevel;
  /** Bytes not acknowledged by the coordinator from which on jobs are held back. */
  readonly spoolBytesMax: number;
  /** Fetched blobs that are kept for the next job. */
  readonly blobCacheBytesMax: number;
  /** Of a built wheel; a larger one fails its build. */
  readonly wheelBytesMax: number;
  /** Of ccache's and sccache's results each; 0: none are kept. */
  readonly compilerCacheBytesMax: number;
  /** Between looks at the machine's health. */
  readonly healthIntervalMs: number;
  /** A Python with PyTorch, to try GPUs with where there is no nvcc; null: those that are found. */
  readonly healthPython: string | null;
}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SLOTS_MAX = 1_000;
export const CONFIG_DEFAULTS = {
  spoolBytesMax: 2 * 1024 ** 3,
  blobCacheBytesMax: 2 * 1024 ** 3,
  wheelBytesMax: 2 * 1024 ** 3,
  compilerCacheBytesMax: 5 * 1024 ** 3,
  healthIntervalMs: 600_000,
} as const;

export type ConfigResult =
  | { readonly ok: true; readonly config: AgentConfig }
  /** One sentence a variable. */
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads the agent's configuration from its environment, and from what `join` was
 * told where the environment says nothing; everything that is wrong is reported
 * at once.
 */
export function readConfig(own: NodeJS.ProcessEnv, settings: AgentSettings = {}): ConfigResult {
  const env: NodeJS.ProcessEnv = { ...settings, ...own };
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
  const isEphemeral = choice("KILN_EPHEMERAL", ["0", "1"], "0") === "1";
  const slots = isEphemeral ? 1 : integer("KILN_SLOTS", 1, SLOTS_MAX, availableParallelism());
  const executor = choice("KILN_EXECUTOR", ["host", "docker", "dummy"], "host");
  const docker = executor === "docker" ? readDockerConfig(env, slots) : null;
  if (docker && !docker.ok) problems.push(...docker.problems);
  const config: AgentConfig = {
    folder: resolve(text("KILN_AGENT_DIR", defaultFolder(env))),
    join: joinFrom(
      { url: text("KILN_FARM_URL", ""), token: text("KILN_JOIN_TOKEN", "") },
      { grpcAddress: text("KILN_FARM_GRPC", ""), natsUrl: text("KILN_FARM_NATS", "") },
      problems,
    ),
    secrets: environmentSecrets(env, problems),
    name: text("KILN_AGENT_NAME", hostname()),
    labels: labelsFrom(text("KILN_AGENT_LABELS", ""), problems),
    isEphemeral,
    slots,
    executor,
    docker: docker?.ok ? docker.settings : null,
    service: env["KILN_SERVICE"] === "1" ? { bundleSha256: text("KILN_BUNDLE_SHA256", "") } : null,
    logLevel: choice("KILN_LOG_LEVEL", LOG_LEVELS, "info"),
    spoolBytesMax: integer("KILN_SPOOL_BYTES_MAX", 1024 ** 2, 2 ** 50, CONFIG_DEFAULTS.spoolBytesMax),
    wheelBytesMax: integer("KILN_WHEEL_BYTES_MAX", 1024, 2 ** 50, CONFIG_DEFAULTS.wheelBytesMax),
    blobCacheBytesMax: integer("KILN_BLOB_CACHE_BYTES_MAX", 0, 2 ** 50, CONFIG_DEFAULTS.blobCacheBytesMax),
    compilerCacheBytesMax: integer("KILN_COMPILER_CACHE_BYTES", 0, 2 ** 50, CONFIG_DEFAULTS.compilerCacheBytesMax),
    healthIntervalMs: integer("KILN_HEALTH_INTERVAL_MS", 1_000, 24 * 3_600_000, CONFIG_DEFAULTS.healthIntervalMs),
    healthPython: text("KILN_HEALTH_PYTHON", "") || null,
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config };
}

function joinFrom(
  { url, token }: { readonly url: string; readonly token: string },
  addresses: NonNullable<JoinSettings["moved"]>,
  problems: string[],
): AgentConfig["join"] {
  if (url === "" && token === "") return null;
  const isMoved = addresses.grpcAddress !== "" && addresses.natsUrl !== "";
  if (url !== "" && token !== "") return { url, token, moved: isMoved ? addresses : null };
  const [there, missing] = url === "" ? ["KILN_JOIN_TOKEN", "KILN_FARM_URL"] : ["KILN_FARM_URL", "KILN_JOIN_TOKEN"];
  // A farm's address alone names nothing that could be done.
  problems.push(`${there} is set and ${missing} is not: a machine joins with both, as kiln agent token prints them`);
  return null;
}

function labelsFrom(text: string, problems: string[]): AgentConfig["labels"] {
  const pairs = text.split(",").filter((pair) => pair !== "");
  const result = parseLabels(pairs);
  if (result.ok) return result.labels;
  problems.push(`KILN_AGENT_LABELS: ${result.message}`);
  return {};
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
