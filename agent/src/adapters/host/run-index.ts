import { devNull } from "node:os";
import type { RunReader } from "@kiln/proto";
import { needsLegacyCerts } from "../../domain/pip-version.ts";
import type { EnvironmentChange } from "./job-environment.ts";

/** Where the coordinator serves the indexes of runs, and how an agent gets in. */
export interface IndexAccess {
  /** For example https://farm.example:8270 */
  readonly coordinatorHttp: string;
  /** A file with the certificate of the farm's authority; null where there is no TLS. */
  readonly authorityFile: string | null;
  /** Who reads a run's index. Throws when the coordinator refuses, or the signal is aborted. */
  reader(run: number, signal: AbortSignal): Promise<RunReader>;
  /** Asks the coordinator as this agent; `path` begins with a slash. */
  get(path: string, signal: AbortSignal): Promise<Response>;
}

/** One of a run's indexes. */
export interface RunIndex {
  readonly run: number;
  /** "cpu", "cu118", "any" */
  readonly variant: string;
}

/** pip's settings that name no source of packages; `[-_]` since pip takes both. */
const KEPT =
  "CERT|TIMEOUT|DEFAULT.TIMEOUT|RETRIES|CACHE.DIR|NO.CACHE.DIR|PRE|PREFER.BINARY|ONLY.BINARY|NO.BINARY|" +
  "VERBOSE|QUIET|NO.INPUT|DISABLE.PIP.VERSION.CHECK|PROGRESS.BAR|ROOT.USER.ACTION|NO.COMPILE|USER|REQUIRE.VIRTUALENV";
/** And variables by which Requests, in pip, would trust others than pip is told to: they go before `--cert`. */
const BUNDLES = "(?:REQUESTS|CURL)_CA_BUNDLE$";
const SOURCES = new RegExp(`^(?:PIP_(?!(?:${KEPT.replaceAll(".", "[-_]")})$)|${BUNDLES})`, "i");

/** The address of a run's index, without credentials: for people. */
export function runIndexUrl({ coordinatorHttp }: Pick<IndexAccess, "coordinatorHttp">, index: RunIndex): string {
  return `${coordinatorHttp}${runIndexPath(index)}`;
}

export function runIndexPath({ run, variant }: RunIndex): string {
  return `/index/r${run}/${variant}/simple/`;
}

/** Names of variables by which a job would bring packages from somewhere else: they do not hold where a run's index does. */
export function otherSources(env: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(env)
    .filter((name) => SOURCES.test(name))
    .sort();
}

/**
 * What makes pip install from a run's index and from nothing else, whatever the
 * machine's configuration files, its variables and the job's own say. pip and
 * what it runs, build backends among it, see a password that reads this run's
 * index and nothing else; pip shows `****` in its place. pip trusts the
 * farm's own authority and no other, and asks without a proxy, as the agent does.
 */
export function runIndexEnvironment(
  access: Pick<IndexAccess, "coordinatorHttp" | "authorityFile">,
  index: RunIndex,
  reader: RunReader,
  /** Of the pip that installs. */
  pipVersion: string,
): EnvironmentChange {
  const url = new URL(runIndexUrl(access, index));
  url.username = encodeURIComponent(reader.user);
  url.password = encodeURIComponent(reader.password);
  const isPlain = url.protocol === "http:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return {
    drop: SOURCES,
    set: {
      // The null device: no configuration file of the machine, the user or the site is read.
      PIP_CONFIG_FILE: devNull,
      PIP_INDEX_URL: url.href,
      // Without TLS pip takes an address for good only on this machine, or when it is told so.
      ...(isPlain ? { PIP_TRUSTED_HOST: url.host } : {}),
      // pip's alone: what a build backend downloads elsewhere goes by the machine's certificates.
      ...(access.authorityFile === null ? {} : { PIP_CERT: access.authorityFile }),
      ...(needsLegacyCerts(url, pipVersion) ? { PIP_USE_DEPRECATED: "legacy-certs" } : {}),
      NO_PROXY: host,
      no_proxy: host,
    },
  };
}

/** Whether only processes of this very machine's network reach the coordinator. */
export function isOnLoopback({ coordinatorHttp }: Pick<IndexAccess, "coordinatorHttp">): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(coordinatorHttp).hostname);
}
