import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A Python program that comes from the user's own package index and is kept for the next time. */
export interface PythonTool {
  /** For messages: `pip 20.3`. */
  readonly title: string;
  readonly python: string;
  /** What its PYTHONPATH must be. */
  readonly path: string;
  /** What else it must be told. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Interpreters, those first that old and new tools run on. */
const PYTHONS = ["python3.11", "python3.10", "python3", "python", "python3.12", "python3.13", "python3.9"];

/**
 * A pip of this release ("" for the newest), run straight from its wheel. null,
 * where no Python that is here can run it.
 */
export async function findPip(version: string): Promise<PythonTool | null> {
  const folder = await kept(`pip-${version || newest()}`, async (target) => {
    const requirement = version ? `pip==${version}` : "pip";
    await userPip(["download", "--no-deps", "--dest", target, requirement]);
  });
  const [wheel] = await readdir(folder);
  if (wheel === undefined) throw new Error(`${folder} has no wheel of pip`);
  const path = join(folder, wheel);
  for (const python of PYTHONS) {
    const works = await run(python, ["-m", "pip", "--version"], { env: cleanEnvironment({ PYTHONPATH: path }) }).then(
      ({ stdout }) => stdout.includes(path),
      () => false,
    );
    if (works) return { title: `pip ${wheel.split("-")[1]}`, python, path };
  }
  return null;
}

/** Installs a tool with what it needs; the newest of each month. */
export async function installTool(name: "twine" | "uv" | "schemathesis"): Promise<PythonTool> {
  const folder = await kept(`${name}-${newest()}`, (target) => userPip(["install", "--target", target, name]));
  return { title: name, python: await userPython(), path: folder };
}

/** The environment without what would lead a tool to another index, configuration or authority. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PIP|UV|TWINE|PYTHON|VIRTUAL_ENV|(REQUESTS|CURL)_CA_BUNDLE$)/.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    PIP_CONFIG_FILE: process.platform === "win32" ? "nul" : "/dev/null",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_INPUT: "1",
    UV_NO_CONFIG: "1",
    PYTHONNOUSERSITE: "1",
    ...more,
  };
}

export interface PipLimits {
  /** 0: none. */
  readonly timeoutMs: number;
  /** Of each file that it writes, where there is a POSIX shell; it fails with "File too large". */
  readonly fileBytesMax: number | null;
}

/** Runs the pip of a Python of this machine with the user's own settings. Rejects when it fails or passes a limit. */
export async function userPip(
  args: readonly string[],
  { timeoutMs, fileBytesMax }: PipLimits = { timeoutMs: 0, fileBytesMax: null },
): Promise<void> {
  const argv = [await userPython(), "-m", "pip", "--quiet", ...args] as const;
  // POSIX counts in blocks of 512 bytes.
  const limited = [
    "sh",
    "-c",
    'ulimit -f "$0" && exec "$@"',
    String(Math.ceil((fileBytesMax ?? 0) / 512)),
    ...argv,
  ] as const;
  const [program, ...rest] = fileBytesMax === null ? argv : limited;
  await run(program, rest, { maxBuffer: 16 * 1024 * 1024, timeout: timeoutMs });
}

async function userPython(): Promise<string> {
  for (const python of PYTHONS) {
    if (await run(python, ["-m", "pip", "--version"]).then(Boolean, () => false)) return python;
  }
  throw new Error(`no Python with pip was found in ${(process.env["PATH"] ?? "").split(delimiter).join(", ")}`);
}

/** The month: old enough to be there, new enough to be the newest. */
function newest(): string {
  return new Date().toISOString().slice(0, 7);
}

/** A folder of downloads in the user's cache, made anew each month. */
export function keptFolder(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  return kept(`${name}-${newest()}`, make);
}

/** A folder in the user's cache, made once; an interruption leaves it whole or not there. */
async function kept(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const place = join(cache, "kiln", "test-tools", name);
  if (existsSync(place)) return place;
  const made = `${place}.${randomUUID()}`;
  await mkdir(made, { recursive: true });
  try {
    await make(made);
    await rename(made, place).catch((cause: unknown) => {
      if (!existsSync(place)) throw cause;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return place;
}
