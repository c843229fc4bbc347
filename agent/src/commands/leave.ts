import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { removeSettings } from "../adapters/disk/agent-settings.ts";
import { CredentialFolder } from "../adapters/disk/credential-folder.ts";
import { lockHome } from "../adapters/disk/home-lock.ts";
import { AgentHttp } from "../adapters/farm/farm-http.ts";
import { LiveCredentials } from "../adapters/farm/live-credentials.ts";
import { leaveFarm } from "../adapters/join/leave-farm.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import { defaultFolder } from "../config.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";

const FARM_MS = 15_000;
const USAGE = `usage: kiln agent leave [--force]
Takes this machine out of its farm, and removes its credentials.
  --force  also when the farm cannot be told
`;

/** Takes this machine out of its farm. */
export async function leave(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const isForced = args.includes("--force");
  const rest = args.filter((arg) => arg !== "--force");
  if (rest.length > 0) {
    const isHelp = rest.every((arg) => arg === "--help" || arg === "-h");
    (isHelp ? process.stdout : process.stderr).write(USAGE);
    return isHelp ? EXIT.stopped : EXIT.usage;
  }
  const home = defaultFolder(env);
  const folder = new CredentialFolder(home);
  const credentials = folder.read();
  if (!credentials) {
    process.stderr.write("This machine is no agent of a farm.\n");
    return EXIT.couldNotRun;
  }
  const locked = lockHome(home);
  if (!locked.ok) {
    process.stderr.write(
      `The agent is running (process ${locked.pid}): stop it first, and its jobs are tried again elsewhere.\n`,
    );
    return EXIT.couldNotRun;
  }
  using _ = locked.lock;
  const { agentId, farm } = credentials;
  await using http = new AgentHttp(new LiveCredentials(credentials));
  const parts = { clock: systemClock, log: pino({ level: "silent" }), random: Math.random };
  const left = await withTimeout((signal) => leaveFarm(http, agentId, signal, parts));
  if (!left.ok && !isForced) {
    process.stderr.write(
      `The farm at ${farm.httpUrl} could not be told: ${left.message}\nTry again, or type kiln agent leave --force, and kiln agent revoke ${agentId} on the farm.\n`,
    );
    return EXIT.couldNotRun;
  }
  folder.remove();
  removeSettings(home);
  const told = left.ok ? "" : " The farm does not know it yet.";
  process.stdout.write(`This machine is no agent of ${farm.httpUrl} any more.${told}\n`);
  return EXIT.stopped;
}

/** With a timer that keeps the process alive meanwhile. */
async function withTimeout<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  const done = new AbortController();
  void delay(FARM_MS, undefined, { signal: done.signal }).then(
    () => giveUp.abort(),
    () => undefined,
  );
  try {
    return await work(giveUp.signal);
  } finally {
    done.abort();
  }
}
