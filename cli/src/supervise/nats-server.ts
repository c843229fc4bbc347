import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { constants } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { natsServerSecurity, type FarmIdentity } from "@kiln/identity";
import { CliError } from "../program/cli-error.ts";
import type { ChildSpec } from "./child.ts";
import type { FarmHost } from "./farm-host.ts";

/** Where package managers put it when that is not on the PATH. */
const USUAL_FOLDERS = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];

/** The nats-server to run: KILN_NATS_SERVER, else the first on the PATH or in the usual places; null when there is none. */
export async function findNatsServer(env: NodeJS.ProcessEnv, platform = process.platform): Promise<string | null> {
  const named = env["KILN_NATS_SERVER"];
  if (named) return (await isExecutable(named)) ? named : null;
  const name = platform === "win32" ? "nats-server.exe" : "nats-server";
  for (const folder of [...(env["PATH"] ?? "").split(delimiter), ...USUAL_FOLDERS]) {
    if (folder !== "" && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return null;
}

/** What to type to get a nats-server. */
export function natsServerAdvice(platform: NodeJS.Platform = process.platform): string {
  const command =
    platform === "darwin"
      ? "brew install nats-server"
      : platform === "win32"
        ? "winget install NATSAuthors.NATSServer"
        : "sudo apt-get install nats-server (Debian, Ubuntu), or your system's package of that name";
  return `Install it with: ${command}. Or set KILN_NATS_SERVER to the program.`;
}

export async function needNatsServer(env: NodeJS.ProcessEnv): Promise<string> {
  const found = await findNatsServer(env);
  if (found !== null) return found;
  const named = env["KILN_NATS_SERVER"];
  throw new CliError(named ? `KILN_NATS_SERVER is ${named}, which cannot be run.` : "nats-server is not installed.", {
    advice: natsServerAdvice(),
  });
}

export interface NatsOptions {
  readonly program: string;
  readonly dir: string;
  readonly host: FarmHost;
  readonly port: number;
  readonly identity: FarmIdentity;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs a command until it ends or standard input does, then ends it: so a
 * server that knows nothing of its starter ends with it, even after a kill -9.
 */
const GUARD = `exec 3<&0
trap : TERM INT
"$@" 3<&- </dev/null &
pid=$!
(cat <&3 >/dev/null; kill -TERM "$pid") 2>/dev/null &
stop() { kill -TERM "$pid" 2>/dev/null; }
trap stop TERM INT
wait "$pid"; code=$?
while kill -0 "$pid" 2>/dev/null; do wait "$pid"; code=$?; done
exit "$code"`;

/** Prepares the server's folder and says how it is run: with TLS, JetStream, and users that the farm has signed. */
export async function natsServerSpec(options: NatsOptions): Promise<ChildSpec> {
  const { program, dir, host, port, logFile, env } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const config = join(dir, "nats-server.conf");
  await rm(config, { force: true });
  await writeFile(config, natsConfig(options), { mode: 0o600 });
  const args = ["--config", config];
  const guarded = process.platform !== "win32";
  return {
    name: "nats",
    command: guarded ? "/bin/sh" : program,
    args: guarded ? ["-c", GUARD, "kiln-nats-guard", program, ...args] : args,
    env,
    cwd: dir,
    logFile,
    ready: { kind: "probe", intervalMs: 20, probe: () => answersAsNats(port, host.local) },
    readyTimeoutMs: 15_000,
    stopTimeoutMs: 10_000,
  };
}

function natsConfig(options: NatsOptions): string {
  const { dir, host, identity } = options;
  const text = (value: string): string => JSON.stringify(value);
  return `# Written by kiln up at every start.
host: ${text(host.listen)}
port: ${options.port}
pid_file: ${text(pidFile(dir))}
${natsServerSecurity(identity, { resolverFolder: join(dir, "accounts") })}jetstream {
  store_dir: ${text(join(dir, "jetstream"))}
  max_memory_store: 64MB
  max_file_store: 8GB
}
`;
}

function pidFile(dir: string): string {
  return join(dir, "nats-server.pid");
}

/** The process id that the server itself wrote, or null. */
export async function natsServerPid(dir: string): Promise<number | null> {
  const pid = Number.parseInt(await readFile(pidFile(dir), "utf8").catch(() => ""), 10);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
}

/** True when a NATS server greets at the port: its first bytes are `INFO ` (NATS client protocol). */
export async function answersAsNats(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => end(false));
    socket.once("error", () => end(false));
    socket.once("close", () => resolve(false));
    socket.once("data", (chunk: Buffer) => end(chunk.toString("latin1").startsWith("INFO ")));
  });
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
