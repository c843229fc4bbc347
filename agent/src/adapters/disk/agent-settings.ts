import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "./write-durably.ts";

/** Variables that `join` was told, for when the environment does not set them. */
export type AgentSettings = Readonly<Record<string, string>>;

const FILE = "settings.json";

/** What `join` was told about this agent; empty when nothing. Throws when the file is damaged. */
export function readSettings(home: string): AgentSettings {
  const path = join(home, FILE);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return {};
    throw cause;
  }
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return Object.fromEntries(entries.filter((pair): pair is [string, string] => typeof pair[1] === "string"));
  } catch (cause) {
    throw new Error(`${path} is damaged: remove it, and set what it held by the agent's environment`, { cause });
  }
}

export function writeSettings(home: string, settings: AgentSettings): void {
  writeDurably(join(home, FILE), `${JSON.stringify(settings, null, 2)}\n`, 0o600);
}

export function removeSettings(home: string): void {
  rmSync(join(home, FILE), { force: true });
}
