import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { natsServerSecurity, type FarmIdentity } from "@kiln/identity";
import { freePort } from "./free-port.ts";

export interface NatsServerOptions {
  /** Holds the configuration and the JetStream store; survives a restart. */
  readonly dir: string;
  /** Token of a server without TLS; with an identity there is none. */
  readonly token?: string;
  /** The farm whose server it is: TLS, and users by JWT. */
  readonly identity?: FarmIdentity;
  /** The port of a server that is started again; a free one when absent. */
  readonly port?: number;
}

export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Kills it as a crash would; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Path of the server: KILN_NATS_SERVER, or the first on the PATH and where Debian keeps daemons. Throws when there is none. */
export function findNatsServer(env: NodeJS.ProcessEnv = process.env): string {
  const folders = [...(env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const found =
    env["KILN_NATS_SERVER"] || folders.map((folder) => join(folder, "nats-server")).find((path) => existsSync(path));
  if (!found)
    throw new Error(
      "nats-server is neither on the PATH nor named by KILN_NATS_SERVER: install it, or run ./kiln test, which does",
    );
  return found;
}

/** A real nats-server with JetStream on the loopback address; resolves when it takes connections. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const port = options.port ?? (await freePort());
  const config = join(options.dir, "nats.conf");
  writeFileSync(
    config,
    `listen: "127.0.0.1:${port}"\n${security(options)}\njetstream { store_dir: "${join(options.dir, "jetstream")}" }\n`,
    { mode: 0o600 },
  );
  const child = spawn(findNatsServer(), ["--config", config], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  await waitUntilReady(child);
  return { url: `nats://127.0.0.1:${port}`, port, process: child, kill, [Symbol.asyncDispose]: kill };
}

function security({ dir, token, identity }: NatsServerOptions): string {
  if (identity) return natsServerSecurity(identity, { resolverFolder: join(dir, "accounts") });
  return `authorization { token: "${token ?? ""}" }`;
}

/** Its log says when it listens; a server that ends before that says why. */
async function waitUntilReady(child: ChildProcess): Promise<void> {
  if (!child.stderr) throw new Error("the server's log is not piped");
  const seen: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    seen.push(line);
    if (line.includes("Server is ready")) {
      child.stderr.resume();
      return;
    }
  }
  throw new Error(`nats-server ended before it was ready:\n${seen.join("\n")}`);
}
