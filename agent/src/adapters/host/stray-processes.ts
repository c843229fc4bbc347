import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { attemptOfProcess } from "../system/attempt-of-process.ts";

/** A process may fork while it is looked for: looked again until none is left, this many times. */
const ROUNDS_MAX = 20;
const ROUND_DELAY_MS = 10;

/** What the cookie of an attempt holds: attempts of several agents on one machine differ. */
export function attemptCookie(agentId: string, key: string): string {
  return `${agentId}/${key}`;
}

/**
 * Kills every process that carries one of these cookies, wherever it moved: a
 * process that called setsid(2) is in no group of its job any more. Only on
 * Linux, where /proc shows environments; elsewhere it does nothing. Returns how
 * many processes were killed.
 */
export async function killStrays(cookies: ReadonlySet<string>): Promise<number> {
  if (process.platform !== "linux" || cookies.size === 0) return 0;
  const killed = new Set<number>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const found = findStrays(cookies);
    if (found.length === 0) break;
    for (const pid of found) {
      killed.add(pid);
      kill(pid);
    }
    await delay(ROUND_DELAY_MS);
  }
  return killed.size;
}

function findStrays(cookies: ReadonlySet<string>): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const cookie = attemptOfProcess(pid);
    if (cookie !== null && cookies.has(cookie)) found.push(pid);
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
