import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { makeToken, openFarmIdentity, type FarmIdentity } from "@kiln/identity";
import type { JobView, JoinTokenBody, NewJoinToken, RunView } from "@kiln/proto";
import { startNatsServer, temporaryFolder } from "@kiln/testkit";
import { startProcess, type FarmProcess } from "./child-process.ts";
import { submitRunBody, type Submission } from "./farm-api.ts";
import type { CoordinatorReady } from "./farm.ts";

const coordinatorMain = fileURLToPath(import.meta.resolve("@kiln/coordinator").replace("index.ts", "main.ts"));
const cliMain = fileURLToPath(import.meta.resolve("@kiln/cli").replace("index.ts", "main.ts"));

/** nats-server and a coordinator without agents: machines join it by what a person types. */
export class JoinFarm implements AsyncDisposable {
  readonly dir: string;
  readonly url: string;
  readonly ownersToken: string;
  readonly #identity: FarmIdentity;
  readonly #stack: AsyncDisposableStack;
  readonly #commands = new Set<TypedCommand>();

  private constructor(
    stack: AsyncDisposableStack,
    parts: { readonly dir: string; readonly url: string; readonly identity: FarmIdentity; readonly token: string },
  ) {
    this.#stack = stack;
    this.dir = parts.dir;
    this.url = parts.url;
    this.ownersToken = parts.token;
    this.#identity = parts.identity;
  }

  static async start(env: Readonly<Record<string, string>> = {}): Promise<JoinFarm> {
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(temporaryFolder("kiln-joining-")).path;
    const identity = await openFarmIdentity(join(dir, "identity"), { nowMs: Date.now() });
    const natsDir = join(dir, "nats");
    mkdirSync(natsDir);
    const nats = stack.use(await startNatsServer({ dir: natsDir, identity }));
    const token = makeToken("api", identity.fingerprint);
    const coordinator: FarmProcess<CoordinatorReady> = await startProcess(coordinatorMain, {
      KILN_COORDINATOR_DIR: join(dir, "coordinator"),
      KILN_IDENTITY_DIR: identity.folder,
      KILN_HTTP_ADDRESS: "127.0.0.1:0",
      KILN_GRPC_ADDRESS: "127.0.0.1:0",
      KILN_NATS_URL: nats.url,
      KILN_TOKEN: token,
      ...env,
    });
    stack.use(coordinator);
    return new JoinFarm(stack.move(), { dir, url: coordinator.ready.httpUrl, identity, token });
  }

  /** The farm's API as its owner asks it. */
  async ask<T>(path: string, body?: object | Buffer, method?: string): Promise<T> {
    const answer = await this.#exchange(path, body, method ?? (body === undefined ? "GET" : "POST"));
    return (answer === "" ? undefined : JSON.parse(answer)) as T;
  }

  async #exchange(path: string, body: object | Buffer | undefined, method: string): Promise<string> {
    const bytes = body instanceof Buffer ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
    const type = body instanceof Buffer ? "application/octet-stream" : "application/json";
    const sent = request(`${this.url}/api/v1${path}`, {
      method,
      agent: false,
      ca: this.#identity.authority.certificatePem,
      headers: {
        authorization: `Bearer ${this.ownersToken}`,
        ...(body === undefined ? {} : { "content-type": type, "content-length": bytes.length }),
      },
    });
    sent.end(bytes);
    const [response] = (await once(sent, "response")) as [NodeJS.ReadableStream & { readonly statusCode: number }];
    const answer = await text(response);
    if (response.statusCode >= 300) throw new Error(`${path}: HTTP ${response.statusCode} ${answer}`);
    return answer;
  }

  async joinToken(body: JoinTokenBody = {}): Promise<NewJoinToken> {
    return this.ask<NewJoinToken>("/join-tokens", body);
  }

  /** Returns the run's name. */
  async submit(submission: Submission): Promise<string> {
    const body = submitRunBody(submission);
    await this.ask(`/blobs/${body.source.sha256}`, Buffer.from(submission.sdist), "PUT");
    return (await this.ask<RunView>("/runs", body)).run;
  }

  job(run: string, job: string): Promise<JobView> {
    return this.ask<JobView>(`/runs/${run}/jobs/${job}`);
  }

  log(run: string, job: string, attempt: number): Promise<string> {
    return this.#exchange(`/runs/${run}/jobs/${job}/log?attempt=${attempt}`, undefined, "GET");
  }

  /** `kiln …` as the farm's owner, from elsewhere: what it prints. Throws when it fails. */
  async asOwner(...args: readonly string[]): Promise<string> {
    const command = this.kiln("owner", args, { KILN_URL: this.url, KILN_TOKEN: this.ownersToken });
    if ((await command.end()) !== 0) throw new Error(command.stderr);
    return command.stdout;
  }

  /** `kiln …` on a machine of its own: a folder `name` for its agent. */
  kiln(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): TypedCommand {
    const command = new TypedCommand(args, {
      KILN_HOME: join(this.dir, "machines", name),
      KILN_EXECUTOR: "dummy",
      KILN_LOG_LEVEL: "warn",
      ...env,
    });
    this.#commands.add(command);
    return command;
  }

  /** Ends every command that still runs. */
  async stopMachines(): Promise<void> {
    await Promise.all([...this.#commands].map((command) => command[Symbol.asyncDispose]()));
    this.#commands.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopMachines();
    await this.#stack.disposeAsync();
  }
}

/** A command line that a person has typed. */
export class TypedCommand implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #ready = Promise.withResolvers<{ readonly agentId: string }>();

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [cliMain, ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ready.promise.catch(() => undefined);
    this.#closed = once(this.#child, "close").then(() => this.#ready.reject(new Error(this.stderr)));
    const { stdout, stderr } = this.#child;
    if (!stdout || !stderr) throw new Error("its output is not piped");
    stderr.setEncoding("utf8").on("data", (chunk: string) => (this.stderr += chunk));
    createInterface({ input: stdout }).on("line", (line) => {
      this.stdout += `${line}\n`;
      if (line.startsWith('{"ready":true')) this.#ready.resolve(JSON.parse(line) as { agentId: string });
    });
  }

  /** The agent that it runs is registered; rejects with what it said when it ends before. */
  get ready(): Promise<{ readonly agentId: string }> {
    return this.#ready.promise;
  }

  /** What it said on standard error, on one line. */
  get said(): string {
    return this.stderr.replaceAll(/\s+/g, " ");
  }

  /** Resolves with its exit code. */
  async end(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  /** As Ctrl-C by a supervisor: SIGTERM. */
  stop(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    return this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop();
  }
}
