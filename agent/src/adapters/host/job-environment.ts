import { delimiter, join } from "node:path";
import { COOKIE_VARIABLE } from "../system/attempt-of-process.ts";

/**
 * Variables of the agent's own environment that would leak into a job: what
 * points Python or pip at another environment or sets pytest up, and the agent's configuration,
 * its token first of all. pip's other settings (index, certificates, proxies)
 * are the machine owner's and stay, as do HOME and what else is there.
 */
const NOT_PASSED_ON =
  /^(?:KILN_.*|PYTHON.*|VIRTUAL_ENV.*|CONDA_.*|__PYVENV_LAUNCHER__|PYENV_(?:VERSION|DIR)|PYTEST_(?:ADDOPTS|PLUGINS|DISABLE_PLUGIN_AUTOLOAD)|PIP_(?:TARGET|PREFIX|ROOT|USER|PYTHON|SRC|REQUIRE_VIRTUALENV|REPORT|DRY_RUN|NO_DEPS|LOG)|SSLKEYLOGFILE)$/i;

export interface JobEnvironmentFacts {
  /** The environment of the agent's process. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  /** The job's own variables; they win over what is inherited, not over what follows. */
  readonly job: Readonly<Record<string, string>>;
  readonly cookie: string;
  /** Removed with the job. */
  readonly temporaryFolder: string;
  /** The wheel that a scan looks at; null for other jobs. */
  readonly wheel: string | null;
  /** Folder of the virtual environment, once there is one. */
  readonly virtualEnv: string | null;
}

/** What one command has beyond the environment of its job, or lacks of it. */
export interface EnvironmentChange {
  /** Variables taken out first, by name; null: none. */
  readonly drop: RegExp | null;
  /** These win over everything. */
  readonly set: Readonly<Record<string, string>>;
  /** Folders that are looked at for programs before all others. */
  readonly pathFirst?: readonly string[];
}

/** The environment with a change made to it. */
export function changedEnvironment(
  env: Readonly<Record<string, string>>,
  { drop, set, pathFirst = [] }: EnvironmentChange,
): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => drop === null || !drop.test(name));
  const changed = { ...Object.fromEntries(kept), ...set };
  if (pathFirst.length > 0) prependPath(changed, pathFirst);
  return changed;
}

function prependPath(env: Record<string, string>, folders: readonly string[]): void {
  const name = Object.keys(env).find((one) => one.toUpperCase() === "PATH") ?? "PATH";
  env[name] = [...folders, env[name]].filter(Boolean).join(delimiter);
}

/** The environment of a job's commands. */
export function jobEnvironment(facts: JobEnvironmentFacts): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(facts.inherited)) {
    if (value !== undefined && !NOT_PASSED_ON.test(name)) env[name] = value;
  }
  Object.assign(env, {
    PYTHONDONTWRITEBYTECODE: "1",
    // Output comes as it is written, not when a buffer is full.
    PYTHONUNBUFFERED: "1",
    PIP_NO_INPUT: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_PROGRESS_BAR: "off",
    PIP_ROOT_USER_ACTION: "ignore",
    PIP_NO_COMPILE: "1",
    ...facts.job,
    // Also where pip.conf says otherwise: everything goes into the job's environment.
    PIP_USER: "0",
    PIP_REQUIRE_VIRTUALENV: "0",
    TMPDIR: facts.temporaryFolder,
    [COOKIE_VARIABLE]: facts.cookie,
  });
  if (process.platform === "win32") Object.assign(env, { TEMP: facts.temporaryFolder, TMP: facts.temporaryFolder });
  if (facts.wheel !== null) env["KILN_WHEEL"] = facts.wheel;
  if (facts.virtualEnv !== null) {
    env["VIRTUAL_ENV"] = facts.virtualEnv;
    prependPath(env, [binFolder(facts.virtualEnv)]);
  }
  return env;
}

/** Where a virtual environment keeps its programs. */
export function binFolder(virtualEnv: string): string {
  return join(virtualEnv, process.platform === "win32" ? "Scripts" : "bin");
}

/** Its interpreter. */
export function venvPython(virtualEnv: string): string {
  return join(binFolder(virtualEnv), process.platform === "win32" ? "python.exe" : "python");
}
