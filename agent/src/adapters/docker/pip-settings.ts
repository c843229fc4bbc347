import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Mount } from "./container-options.ts";

/** What a step that uses an index gets of the agent's own settings. */
export interface PipSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
}

const PASSED_ON = /^(?:PIP_.*|(?:https?|all|no)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$/i;
/** Variables that name a file or folder, or several, which then have to be in the container. */
const PATHS = [
  "PIP_CERT",
  "PIP_CLIENT_CERT",
  "PIP_FIND_LINKS",
  "PIP_INDEX_URL",
  "PIP_EXTRA_INDEX_URL",
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
];
const CONFIG_TARGET = "/run/kiln/pip.conf";

/**
 * The machine owner's settings of pip, as they hold on a host: variables, the
 * user's configuration file (or else the machine's), and the certificates and
 * folders that these name.
 */
export function pipSettings(env: NodeJS.ProcessEnv): PipSettings {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && PASSED_ON.test(name)) passed[name] = value;
  }
  const named = PATHS.flatMap((name) => (passed[name] ?? "").split(/\s+/));
  const mounts: Mount[] = [];
  const config = configFile(env);
  if (config !== null) {
    mounts.push({ path: config, isReadOnly: true, target: CONFIG_TARGET });
    passed["PIP_CONFIG_FILE"] = CONFIG_TARGET;
    named.push(...pathsIn(config));
  }
  const paths = named.map((one) => one.replace(/^file:\/\//, ""));
  for (const path of new Set(paths.filter((one) => isAbsolute(one) && existsSync(one)))) {
    mounts.push({ path, isReadOnly: true });
  }
  return { env: passed, mounts };
}

/**
 * Of these only the certificates: for a step that installs from the run's index
 * alone. With the farm's own authority, which the step's environment names.
 */
export function certificateSettings(env: NodeJS.ProcessEnv, authorityFile: string | null): PipSettings {
  const names = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", ...(authorityFile === null ? ["PIP_CERT"] : [])];
  const set = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  const paths = [...set.map(([, path]) => path), ...(authorityFile === null ? [] : [authorityFile])];
  const present = paths.filter((path) => isAbsolute(path) && existsSync(path));
  return {
    env: Object.fromEntries(set),
    mounts: [...new Set(present)].map((path) => ({ path, isReadOnly: true })),
  };
}

/** Where pip looks first for what a user has set ("Configuration" in pip's documentation). */
function configFile(env: NodeJS.ProcessEnv): string | null {
  const told = env["PIP_CONFIG_FILE"];
  if (told) return existsSync(told) && told !== "/dev/null" ? told : null;
  const configHome = env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  const places = [join(configHome, "pip", "pip.conf"), join(homedir(), ".pip", "pip.conf"), "/etc/pip.conf"];
  return places.find((path) => existsSync(path)) ?? null;
}

function pathsIn(config: string): string[] {
  const text = readFileSync(config, "utf8");
  return [
    ...text.matchAll(
      /^[ \t]*(?:cert|client[-_]cert|find[-_]links|(?:extra[-_])?index[-_]url)[ \t]*[=:]((?:.*|\n[ \t]+)+)$/gm,
    ),
  ].flatMap(([, value = ""]) => value.trim().split(/\s+/));
}
