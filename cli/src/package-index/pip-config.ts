import { runChild } from "../program/run-child.ts";

/** What `pip config list` says, by key such as `global.index-url`; empty when there is no pip to ask. */
export type PipConfig = ReadonlyMap<string, string>;

const PIP_TIMEOUT_MS = 30_000;

/** The Python commands that are asked, in this order. */
function pythons(platform: NodeJS.Platform): readonly (readonly string[])[] {
  return platform === "win32" ? [["py", "-3"], ["python"], ["python3"]] : [["python3"], ["python"]];
}

/** Reads pip's configuration as pip itself merges it from its files and the environment. */
export async function readPipConfig(env: NodeJS.ProcessEnv): Promise<PipConfig> {
  const text = await askPython(env, ["-m", "pip", "--disable-pip-version-check", "config", "list"]);
  return text === null ? new Map() : parsePipConfig(text);
}

/** Lines such as `global.index-url='…'`; the value is written as Python writes a string. */
export function parsePipConfig(text: string): PipConfig {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^([\w:.-]+)=(['"])(.*)\2$/.exec(line);
    if (match?.[1] === undefined || match[3] === undefined) continue;
    const value = match[3].replace(/\\(n|.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    values.set(match[1], value);
  }
  return values;
}

/** pip's own default index: it knows the address, and this repository does not. null without a pip. */
export async function askPipDefaultIndex(env: NodeJS.ProcessEnv): Promise<string | null> {
  const text = await askPython(env, ["-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"]);
  return text === null || text.trim() === "" ? null : text.trim();
}

async function askPython(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<string | null> {
  for (const [command = "", ...first] of pythons(process.platform)) {
    const result = await runChild(command, [...first, ...args], { env, timeoutMs: PIP_TIMEOUT_MS });
    if (result.exitCode === 0) return result.stdout.toString("utf8");
  }
  return null;
}
