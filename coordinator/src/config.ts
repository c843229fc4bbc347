import { join } from "node:path";
import { COMPARE_POLICY } from "@kiln/gate";

/** How a coordinator runs; every field is read from one environment variable. */
export interface CoordinatorConfig {
  /** KILN_COORDINATOR_DIR: holds the store, the blobs and the logs. */
  readonly dir: string;
  /** KILN_HTTP_ADDRESS, default 127.0.0.1:8270. Port 0 takes a free one. */
  readonly httpAddress: HostPort;
  /** KILN_GRPC_ADDRESS, default 127.0.0.1:8271. */
  readonly grpcAddress: HostPort;
  /** KILN_NATS_URL, default nats://127.0.0.1:8272. */
  readonly natsUrl: string;
  /**
   * KILN_NATS_LOG: the file that nats-server logs to; what it refuses is then in the audit log, too. None by default,
   * and then it is in NATS' own log only.
   */
  readonly natsLog: string | null;
  /** KILN_IDENTITY_DIR: the farm's keys and certificates, as `kiln up` makes them. */
  readonly identityDir: string;
  /** KILN_PUBLIC_GRPC_ADDRESS, told to agents; default: the port of KILN_GRPC_ADDRESS on the host by which they reach the farm. */
  readonly publicGrpcAddress: string | null;
  /** KILN_PUBLIC_NATS_URL, told to agents; default: KILN_NATS_URL, on the host by which they reach the farm when it is of this machine. */
  readonly publicNatsUrl: string | null;
  /** KILN_AGENT_CREDENTIALS_TTL_MS, default 30 days: how long agents' certificates last. Agents renew them in time. */
  readonly agentCredentialsTtlMs: number;
  /** KILN_TOKEN: the farm's secret, at least 16 characters. */
  readonly token: string;
  /** KILN_LEASE_TTL_MS, default 15000 (1000 … 600000): an agent not heard of for this long loses its attempts. */
  readonly leaseTtlMs: number;
  /** KILN_HEARTBEAT_INTERVAL_MS, default 2000 (100 … 60000). */
  readonly heartbeatIntervalMs: number;
  /** KILN_NO_AGENT_GRACE_MS, default 60000: how long a job waits that no registered agent can run. */
  readonly noAgentGraceMs: number;
  /** KILN_QUEUED_JOBS_MAX, default 200000. */
  readonly queuedJobsMax: number;
  /** KILN_RUN_JOBS_MAX, default 0, no limit: jobs of one run that run at a time; a spec's max-parallel can only be less. */
  readonly runJobsMax: number;
  /** KILN_PROJECT_JOBS_MAX, default 0, no limit: jobs of one project that run at a time, all its runs together. */
  readonly projectJobsMax: number;
  /** KILN_AGENTS_MAX, default 10000. */
  readonly agentsMax: number;
  /** KILN_BLOB_BYTES_MAX, default 4 GiB. */
  readonly blobBytesMax: number;
  /** KILN_SOURCE_BYTES_MAX, default 1 GiB: the largest source that a run may have. */
  readonly sourceBytesMax: number;
  /**
   * KILN_UPSTREAM_INDEX: simple indexes (http, https, file), separated by spaces, that the staging index takes other
   * projects from; the first that knows a project answers for it. None by default.
   */
  readonly upstreamIndexes: readonly string[];
  /** KILN_TORCH_INDEX: PyTorch's index with {variant} in it, asked first for PyTorch on a variant's staging index. */
  readonly torchIndex: string | null;
  /** KILN_UPSTREAM_CACHE_BYTES, default 20 GiB: files of other projects that are kept. */
  readonly upstreamCacheBytesMax: number;
  /**
   * KILN_SELF_COMPARISON_HOURS, default 24: how often the newest release of each project is measured against itself,
   * while the farm has nothing else to do; 0: never. In milliseconds.
   */
  readonly selfComparisonIntervalMs: number;
  /** KILN_RETENTION_DAYS, default 90: how long the blobs and logs of a run are kept after its end; 0: for ever. */
  readonly retentionDays: number;
  /** KILN_RETENTION_RUNS_MIN, default 20: so many of a project's newest runs keep theirs, however old. */
  readonly retentionRunsMin: number;
  /**
   * KILN_SECRETS_KEY_FILE, default secrets.key in the farm's identity (KILN_IDENTITY_DIR):
   * encrypts secrets for jobs; made when it is not there and nothing is encrypted yet.
   */
  readonly secretsKeyFile: string;
  /** KILN_AUDIT_DAYS, default 365: how long rows of the audit log are kept; 0: for ever. */
  readonly auditDays: number;
  /** KILN_AUDIT_ROWS_MAX, default 1000000: so many of its newest rows are kept, and a tenth as many refusals. */
  readonly auditRowsMax: number;
  /** KILN_REQUESTS_PER_MINUTE_MAX, default 60000: HTTP requests of one principal, or one address where it is not known. */
  readonly requestsPerMinuteMax: number;
  /** KILN_ENROLMENTS_PER_MINUTE_MAX, default 120: of one address. */
  readonly enrolmentsPerMinuteMax: number;
  /** KILN_AUTH_FAILURES_PER_MINUTE_MAX, default 60: of one address. */
  readonly authFailuresPerMinuteMax: number;
  /** KILN_STORED_BYTES_MAX, default 0, no limit: bytes of all blobs from which on uploads are refused. */
  readonly storedBytesMax: number;
  /** KILN_RELEASE_SERIES_MAX, default 20000: time series of releases' verdicts and benchmarks, of all projects together. */
  readonly releaseSeriesMax: number;
  /**
   * KILN_FOREIGN_CPU_PERCENT, default 25: how much of one core others may use while a benchmark that waits for the
   * CPU is measured; a pair with more says nothing.
   */
  readonly foreignCpuMax: number;
  /** KILN_ALLOWED_HOSTS: names, separated by commas, under which clients may reach the HTTP server besides localhost and IP addresses. */
  readonly allowedHosts: readonly string[];
  /** KILN_LOG_LEVEL, default info. */
  readonly logLevel: LogLevel;
  /** KILN_EXIT_WITH_PARENT=1: stop when standard input closes. */
  readonly exitWithParent: boolean;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Says which variable is wrong and what it must be. */
export class ConfigError extends Error {}

type Env = Readonly<Record<string, string | undefined>>;

/** Throws ConfigError. */
export function readConfig(env: Env): CoordinatorConfig {
  return {
    dir: required(env, "KILN_COORDINATOR_DIR", "the folder for the store, blobs and logs"),
    httpAddress: address(env, "KILN_HTTP_ADDRESS", "127.0.0.1:8270"),
    grpcAddress: address(env, "KILN_GRPC_ADDRESS", "127.0.0.1:8271"),
    natsUrl: env["KILN_NATS_URL"] || "nats://127.0.0.1:8272",
    natsLog: env["KILN_NATS_LOG"] || null,
    identityDir: required(env, "KILN_IDENTITY_DIR", "the folder with the farm's keys and certificates"),
    publicGrpcAddress: env["KILN_PUBLIC_GRPC_ADDRESS"] || null,
    publicNatsUrl: env["KILN_PUBLIC_NATS_URL"] || null,
    agentCredentialsTtlMs: integer(env, "KILN_AGENT_CREDENTIALS_TTL_MS", 30 * 86_400_000, 1_000, 365 * 86_400_000),
    token: token(env),
    leaseTtlMs: integer(env, "KILN_LEASE_TTL_MS", 15_000, 1_000, 600_000),
    heartbeatIntervalMs: integer(env, "KILN_HEARTBEAT_INTERVAL_MS", 2_000, 100, 60_000),
    noAgentGraceMs: integer(env, "KILN_NO_AGENT_GRACE_MS", 60_000, 0, 86_400_000),
    queuedJobsMax: integer(env, "KILN_QUEUED_JOBS_MAX", 200_000, 1, 10_000_000),
    runJobsMax: integer(env, "KILN_RUN_JOBS_MAX", 0, 0, 10_000_000),
    projectJobsMax: integer(env, "KILN_PROJECT_JOBS_MAX", 0, 0, 10_000_000),
    agentsMax: integer(env, "KILN_AGENTS_MAX", 10_000, 1, 1_000_000),
    blobBytesMax: integer(env, "KILN_BLOB_BYTES_MAX", 4 * 1024 ** 3, 1, 1024 ** 4),
    sourceBytesMax: integer(env, "KILN_SOURCE_BYTES_MAX", 1024 ** 3, 1, 1024 ** 4),
    upstreamIndexes: (env["KILN_UPSTREAM_INDEX"] ?? "")
      .split(/\s+/)
      .filter((url) => url !== "")
      .map((url) => indexUrl("KILN_UPSTREAM_INDEX", url)),
    torchIndex: torchIndex(env),
    upstreamCacheBytesMax: integer(env, "KILN_UPSTREAM_CACHE_BYTES", 20 * 1024 ** 3, 1, 1024 ** 5),
    selfComparisonIntervalMs: integer(env, "KILN_SELF_COMPARISON_HOURS", 24, 0, 87_600) * 3_600_000,
    retentionDays: integer(env, "KILN_RETENTION_DAYS", 90, 0, 36_500),
    retentionRunsMin: integer(env, "KILN_RETENTION_RUNS_MIN", 20, 0, 1_000_000),
    secretsKeyFile: env["KILN_SECRETS_KEY_FILE"] || join(env["KILN_IDENTITY_DIR"] ?? "", "secrets.key"),
    auditDays: integer(env, "KILN_AUDIT_DAYS", 365, 0, 36_500),
    auditRowsMax: integer(env, "KILN_AUDIT_ROWS_MAX", 1_000_000, 1_000, 1_000_000_000),
    requestsPerMinuteMax: integer(env, "KILN_REQUESTS_PER_MINUTE_MAX", 60_000, 1, 1_000_000_000),
    enrolmentsPerMinuteMax: integer(env, "KILN_ENROLMENTS_PER_MINUTE_MAX", 120, 1, 1_000_000_000),
    authFailuresPerMinuteMax: integer(env, "KILN_AUTH_FAILURES_PER_MINUTE_MAX", 60, 1, 1_000_000_000),
    storedBytesMax: integer(env, "KILN_STORED_BYTES_MAX", 0, 0, 2 ** 52),
    releaseSeriesMax: integer(env, "KILN_RELEASE_SERIES_MAX", 20_000, 0, 1_000_000),
    foreignCpuMax: integer(env, "KILN_FOREIGN_CPU_PERCENT", 100 * COMPARE_POLICY.foreignCpuMax, 0, 100_000) / 100,
    allowedHosts: (env["KILN_ALLOWED_HOSTS"] ?? "")
      .split(",")
      .map((host) => host.trim())
      .filter((host) => host !== ""),
    logLevel: logLevel(env),
    exitWithParent: env["KILN_EXIT_WITH_PARENT"] === "1",
  };
}

function required(env: Env, name: string, meaning: string): string {
  const value = env[name];
  if (!value) throw new ConfigError(`${name} is not set: it names ${meaning}`);
  return value;
}

function token(env: Env): string {
  const value = required(env, "KILN_TOKEN", "the farm's secret");
  if (value.length < 16) throw new ConfigError("KILN_TOKEN is shorter than 16 characters: use a random one");
  return value;
}

function integer(env: Env, name: string, fallback: number, min: number, max: number): number {
  const text = env[name];
  if (!text) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ConfigError(`${name} is "${text}": it must be a whole number from ${min} to ${max}`);
  }
  return value;
}

/** The message does not repeat the address: it may hold a password. */
function indexUrl(name: string, url: string): string {
  if (URL.canParse(url) && /^(?:https?|file):$/.test(new URL(url).protocol)) return url;
  throw new ConfigError(`${name} has something that is not an http, https or file address`);
}

function torchIndex(env: Env): string | null {
  const url = env["KILN_TORCH_INDEX"];
  if (!url) return null;
  if (!url.includes("{variant}")) throw new ConfigError("KILN_TORCH_INDEX has no {variant} in it");
  indexUrl("KILN_TORCH_INDEX", url.replaceAll("{variant}", "cpu"));
  return url;
}

function address(env: Env, name: string, fallback: string): HostPort {
  const text = env[name] || fallback;
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (!host || port > 65_535) {
    throw new ConfigError(`${name} is "${text}": write host:port, for example ${fallback}`);
  }
  return { host, port };
}

function logLevel(env: Env): LogLevel {
  const text = env["KILN_LOG_LEVEL"] || "info";
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level) throw new ConfigError(`KILN_LOG_LEVEL is "${text}": it must be one of ${LOG_LEVELS.join(", ")}`);
  return level;
}
