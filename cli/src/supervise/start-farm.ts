import { chmod, mkdir } from "node:fs/promises";
import { farmIdentityFiles, openFarmIdentity, type FarmIdentity } from "@kiln/identity";
import { FarmClient } from "../farm/client.ts";
import { removeFarmFile, writeFarmFile } from "../farm/farm-file.ts";
import type { Home } from "../farm/home.ts";
import { CliError, errorMessage } from "../program/cli-error.ts";
import type { ChildSpec } from "./child.ts";
import { LOCAL_HOST, type FarmHost } from "./farm-host.ts";
import { agentSpec, coordinatorSpec, farmUrls, natsLogFile, type FarmUrls } from "./farm-specs.ts";
import { lockHome, type HomeLock } from "./home-lock.ts";
import { natsServerPid, natsServerSpec, needNatsServer } from "./nats-server.ts";
import { stopLeftBehind } from "./left-behind.ts";
import { checkPorts, type FarmPorts } from "./ports.ts";
import { reloadNatsOnRenewal } from "./reload-nats.ts";
import { PROGRAMS, type FarmPrograms } from "./repository.ts";
import { Supervisor, type SupervisorEvent, type SupervisorFailure } from "./supervisor.ts";
import { readOrMakeToken } from "./token.ts";

export interface StartFarmOptions {
  readonly home: Home;
  /** Default: this machine only. */
  readonly host?: FarmHost;
  readonly ports: FarmPorts;
  readonly env: NodeJS.ProcessEnv;
  /** More of the coordinator's environment, found out while NATS starts. */
  readonly coordinatorEnv?: Promise<NodeJS.ProcessEnv>;
  /** Whether this machine works, too. */
  readonly agent: boolean;
  /** Jobs at a time; null: as many as the machine has cores. */
  readonly slots: number | null;
  readonly nowMs: () => number;
  readonly note: (text: string) => void;
  /** Aborted: starting ends, and what was started is stopped. */
  readonly signal: AbortSignal;
  /** Aborted: all processes are killed at once. */
  readonly killSignal: AbortSignal;
  /** Asks the coordinator for a token by which this machine's agent joins. Default: over its API. */
  readonly makeJoinToken?: (urls: FarmUrls, token: string) => Promise<string>;
  /** Default: those of this checkout. */
  readonly programs?: FarmPrograms;
}

export interface RunningFarm extends FarmUrls {
  readonly token: string;
  /** Resolves, with what to tell, when a process cannot be kept running. */
  readonly failed: Promise<CliError>;
  pids(): Promise<Readonly<Record<string, number>>>;
  /** Stops agent, coordinator and NATS, in this order. */
  stop(): Promise<void>;
}

/** Time that an earlier farm's processes have to end after their `up` was killed. */
const ENDING_MS = 10_000;
const JOIN_TOKEN_MS = 10 * 60_000;

/**
 * Starts a farm in a home: NATS, coordinator and agent as processes that end
 * with this one. Resolves when all are ready and farm.json is written; throws
 * a CliError, with everything stopped again, when one is not.
 */
export async function startFarm(options: StartFarmOptions): Promise<RunningFarm> {
  const { home } = options;
  // Whoever awaits it is told; starting may have failed before.
  options.coordinatorEnv?.catch(() => undefined);
  const natsServer = await needNatsServer(options.env);
  await mkdir(home.dir, { recursive: true, mode: 0o700 });
  const lock = await takeLock(home);
  try {
    const stopped = await stopLeftBehind(home, options.programs ?? PROGRAMS);
    if (stopped.length > 0) options.note(`Stopped what an earlier farm left behind: ${stopped.join(", ")}.`);
    await checkPorts(options.ports, lock.wasStale ? ENDING_MS : 0, options.nowMs, options.host?.listen);
    await removeFarmFile(home.farmFile);
    return await startProcesses(options, natsServer, lock.lock);
  } catch (error) {
    await lock.lock.release();
    throw error;
  }
}

async function takeLock(home: Home): Promise<{ lock: HomeLock; wasStale: boolean }> {
  const result = await lockHome(home.lockFile);
  if (result.ok) return result;
  throw new CliError(`A farm is already running in ${home.dir} (process ${result.holder.pid}).`, {
    advice: "Use it, stop it with Ctrl-C where it runs, or start another one with another KILN_HOME and --port-base.",
  });
}

async function startProcesses(options: StartFarmOptions, natsServer: string, lock: HomeLock): Promise<RunningFarm> {
  const { home, ports, env, signal, host = LOCAL_HOST } = options;
  const identity = await openIdentity(home, host, options.nowMs());
  const { token, renewed } = await readOrMakeToken(home.tokenFile, identity.fingerprint);
  if (renewed) options.note(`The farm has a new token: ${home.tokenFile}.`);
  const urls = farmUrls(host, ports);
  const startedAtMs = options.nowMs();
  const pids = async (): Promise<Readonly<Record<string, number>>> => {
    // The child is a guard of the server, where there is one; people mean the server.
    const nats = await natsServerPid(home.natsDir);
    return { up: process.pid, ...supervisor.pids, ...(nats === null ? {} : { nats }) };
  };
  let ready = false;
  const publish = async (): Promise<void> => {
    if (ready) await writeFarmFile(home.farmFile, { ...urls, token, pids: await pids(), startedAtMs });
  };
  const onEvent = (event: SupervisorEvent): void => {
    options.note(describeEvent(event));
    if (event.kind === "restarted") void publish();
  };
  const supervisor = new Supervisor({ nowMs: options.nowMs, onEvent });
  options.killSignal.addEventListener("abort", () => supervisor.kill(), { once: true });
  const stopReloading = reloadNatsOnRenewal(farmIdentityFiles(home.identityDir).server, home.natsDir);
  const stop = async (): Promise<void> => {
    ready = false;
    stopReloading();
    await removeFarmFile(home.farmFile);
    await supervisor.stop();
    await removeFarmFile(home.farmFile);
    await lock.release();
  };
  try {
    const natsDir = home.natsDir;
    const logFile = natsLogFile(home);
    await startOne(
      supervisor,
      signal,
      await natsServerSpec({ program: natsServer, dir: natsDir, host, port: ports.nats, identity, logFile, env }),
    );
    const specs = { home, host, ports, token, env, programs: options.programs ?? PROGRAMS, slots: options.slots };
    const coordinatorEnv = { ...env, ...(await options.coordinatorEnv) };
    await startOne(supervisor, signal, coordinatorSpec({ ...specs, env: coordinatorEnv }));
    if (options.agent) {
      const joinToken = await (options.makeJoinToken ?? joinTokenFrom(home))(urls, token);
      await startOne(supervisor, signal, agentSpec(specs, joinToken));
    }
    ready = true;
    await publish();
    await chmod(home.dir, 0o700);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...urls, token, pids, stop, failed: supervisor.failed.then(failureError) };
}

async function openIdentity(home: Home, { names }: FarmHost, nowMs: number): Promise<FarmIdentity> {
  try {
    return await openFarmIdentity(home.identityDir, { nowMs, names });
  } catch (error) {
    throw new CliError(`The farm's identity cannot be read: ${errorMessage(error)}.`, { cause: error });
  }
}

/** The agent joins at its first start, and with it once more should it be killed between joining and remembering. */
function joinTokenFrom(home: Home): (urls: FarmUrls, token: string) => Promise<string> {
  return async ({ httpUrl }, token) => {
    const client = new FarmClient({ url: httpUrl, token, from: home.farmFile, homeDir: home.dir });
    const made = await client.makeJoinToken({ uses: 2, lifetimeMs: JOIN_TOKEN_MS });
    return made.token;
  };
}

async function startOne(supervisor: Supervisor, signal: AbortSignal, spec: ChildSpec): Promise<void> {
  signal.throwIfAborted();
  const interrupted = Promise.withResolvers<never>();
  const onAbort = (): void => interrupted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const result = await Promise.race([supervisor.start(spec), interrupted.promise]);
    if (!result.ok) throw failureError({ name: spec.name, end: result.end, wasReady: false, logFile: spec.logFile });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const TITLES: Readonly<Record<string, string>> = {
  nats: "nats-server",
  coordinator: "The coordinator",
  agent: "The agent",
};

function title(name: string): string {
  return TITLES[name] ?? name;
}

function describeEvent(event: SupervisorEvent): string {
  return event.kind === "restarted"
    ? `${title(event.name)} runs again.`
    : `${title(event.name)} died (${event.end.how}); it is started again.`;
}

function failureError(failure: SupervisorFailure): CliError {
  const { name, end, wasReady, logFile } = failure;
  const what = wasReady ? "died too often" : "did not start";
  const lines = end.lastLines.map((line) => `  | ${line}`).join("\n");
  return new CliError(`${title(name)} ${what} (${end.how}).${lines === "" ? "" : ` Its last lines:\n${lines}`}`, {
    advice: `Its log: ${logFile}`,
  });
}
