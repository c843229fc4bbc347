import { setTimeout as delay } from "node:timers/promises";
import { readFarmFile } from "../farm/farm-file.ts";
import type { Home } from "../farm/home.ts";
import { CliError } from "../program/cli-error.ts";
import { natsServerPid } from "./nats-server.ts";
import { commandLine, isAlive, killGroup } from "./process-group.ts";
import type { FarmPrograms } from "./repository.ts";

const ASK_MS = 5_000;
const GIVE_UP_MS = 10_000;
const LOOK_EVERY_MS = 50;

/**
 * Stops what an earlier farm of this home left running, by the process ids
 * that it wrote down; a number counts only while its command line is still
 * that program's. They are to end with their starter, so this is for when they
 * could not. Returns the names of what was stopped.
 */
export async function stopLeftBehind(home: Home, programs: FarmPrograms): Promise<readonly string[]> {
  const pids = (await readFarmFile(home.farmFile))?.pids ?? {};
  const candidates = [
    { name: "agent", pid: pids["agent"], mark: programs.agent },
    { name: "coordinator", pid: pids["coordinator"], mark: programs.coordinator },
    { name: "nats-server", pid: (await natsServerPid(home.natsDir)) ?? undefined, mark: home.natsDir },
  ];
  const stopped: string[] = [];
  for (const { name, pid, mark } of candidates) {
    if (pid === undefined || !isAlive(pid) || !(await commandLine(pid)).includes(mark)) continue;
    await stopProcess(name, pid);
    stopped.push(name);
  }
  return stopped;
}

async function stopProcess(name: string, pid: number): Promise<void> {
  killGroup(pid, "SIGTERM", { onlyLeader: true });
  for (let waitedMs = 0; isAlive(pid); waitedMs += LOOK_EVERY_MS) {
    if (waitedMs >= GIVE_UP_MS) {
      throw new CliError(`The ${name} (process ${pid}) of an earlier farm does not end.`, {
        advice: `Try: kill -9 ${pid}`,
      });
    }
    if (waitedMs >= ASK_MS) killGroup(pid, "SIGKILL", { onlyLeader: true });
    await delay(LOOK_EVERY_MS);
  }
}
