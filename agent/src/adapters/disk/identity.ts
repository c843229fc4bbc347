import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { isAgentId } from "@kiln/proto";

/** Longest part of the host's name in an id. */
const HOST_CHARS_MAX = 40;

/** The agent's id, chosen once and kept in `identity.json`. Throws when that file is not what this wrote. */
export function agentIdentity(folder: string): string {
  const path = join(folder, "identity.json");
  const known = readIdentity(path);
  if (known !== null) return known;
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, HOST_CHARS_MAX);
  const agentId = `${host || "agent"}-${randomBytes(4).toString("hex")}`.replace(/-+/g, "-");
  const temporary = `${path}.new`;
  writeFileSync(temporary, `${JSON.stringify({ agentId })}\n`, { mode: 0o600 });
  renameSync(temporary, path);
  return agentId;
}

function readIdentity(path: string): string | null {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw cause;
  }
  const agentId = parseIdentity(text);
  if (agentId === null) throw new Error(`${path} holds no agent id: remove it, and the agent registers as a new one`);
  return agentId;
}

function parseIdentity(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("agentId" in value)) return null;
    return typeof value.agentId === "string" && isAgentId(value.agentId) ? value.agentId : null;
  } catch {
    return null;
  }
}
