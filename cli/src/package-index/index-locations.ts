import { CliError } from "../program/cli-error.ts";
import type { PipConfig } from "./pip-config.ts";

export interface IndexLocations {
  /** Simple-index addresses (PEP 503), the first first; they may hold a user and a password. */
  readonly urls: readonly string[];
  /** Where the first was read, for messages. */
  readonly from: string;
}

export interface IndexSources {
  /** `--index-url` */
  readonly flag: string | null;
  readonly env: NodeJS.ProcessEnv;
  readonly pipConfig: () => Promise<PipConfig>;
  readonly pipDefault: () => Promise<string | null>;
}

/**
 * The person's own index, as their other tools have it: `--index-url`, uv's
 * variables, pip's variable, pip's configuration, pip's default. The extra
 * indexes of the same tool follow it.
 */
export async function findIndexes(sources: IndexSources): Promise<IndexLocations> {
  const { flag, env } = sources;
  if (flag !== null) return located([flag], "--index-url");
  for (const name of ["UV_DEFAULT_INDEX", "UV_INDEX_URL"]) {
    const url = env[name];
    if (url) return located([withoutIndexName(url), ...words(env["UV_EXTRA_INDEX_URL"])], name);
  }
  if (env["PIP_INDEX_URL"])
    return located([env["PIP_INDEX_URL"], ...words(env["PIP_EXTRA_INDEX_URL"])], "PIP_INDEX_URL");

  const config = await sources.pipConfig();
  const setting = (key: string): string | undefined =>
    config.get(`:env:.${key}`) ?? config.get(`install.${key}`) ?? config.get(`global.${key}`);
  const extra = words(setting("extra-index-url"));
  const configured = setting("index-url");
  if (configured !== undefined) return located([configured, ...extra], "pip's configuration");
  const standard = await sources.pipDefault();
  if (standard !== null) return located([standard, ...extra], "pip's default");
  throw new CliError("No package index is known: there is no pip to ask, and nothing names one.", {
    advice: "Give one with --index-url URL, or set PIP_INDEX_URL.",
  });
}

function located(urls: readonly string[], from: string): IndexLocations {
  for (const url of urls) {
    if (URL.canParse(url) && /^(https?|file):$/.test(new URL(url).protocol)) continue;
    throw new CliError(`The index ${JSON.stringify(url)} (from ${from}) is not an http, https or file address.`);
  }
  return { urls: [...new Set(urls.map((url) => url.replace(/\/+$/, "")))], from };
}

/** uv's `NAME=URL` form. */
function withoutIndexName(value: string): string {
  return value.replace(/^[A-Za-z0-9._-]+=(?=[a-z]+:)/, "");
}

function words(text: string | undefined): readonly string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

/** An address for messages: without user and password. */
export function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url;
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.href;
}
