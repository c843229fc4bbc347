import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { farmIdentityFiles, openFarmIdentity, readFarmIdentity } from "@kiln/identity";
import { expect, test } from "vitest";
import { readFarmFile, writeFarmFile } from "../farm/farm-file.ts";
import { homeAt } from "../farm/home.ts";
import { Interrupted } from "../program/cli-error.ts";
import { SCRIPTS } from "../testing/child-scripts.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { answersAsNats, findNatsServer } from "./nats-server.ts";
import { freePorts } from "./ports.ts";
import { commandLine, isAlive } from "./process-group.ts";
import { reloadNatsOnRenewal } from "./reload-nats.ts";
import { startFarm, type StartFarmOptions } from "./start-farm.ts";

// Without it no farm can run at all; ./kiln test installs it.
if ((await findNatsServer(process.env)) === null) throw new Error("these tests need nats-server on the PATH");

async function options(
  dir: string,
  changes: Partial<StartFarmOptions> = {},
): Promise<StartFarmOptions & { readonly notes: string[] }> {
  const coordinator = join(dir, "coordinator.mjs");
  const agent = join(dir, "agent.mjs");
  await writeFile(coordinator, SCRIPTS.good);
  await writeFile(agent, SCRIPTS.good);
  const notes: string[] = [];
  return {
    home: homeAt(join(dir, "home")),
    ports: await freePorts(),
    env: process.env,
    agent: true,
    slots: 2,
    nowMs: Date.now,
    note: (text) => notes.push(text),
    signal: new AbortController().signal,
    killSignal: new AbortController().signal,
    makeJoinToken: async () => "kiln_join_token",
    programs: { coordinator, agent },
    notes,
    ...changes,
  };
}

test("a farm writes farm.json once all is ready, for its owner only, and removes it at its end", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path);
  const farm = await startFarm(settings);
  const file = await readFarmFile(settings.home.farmFile);
  const pids = await farm.pids();
  expect(file).toMatchObject({
    httpUrl: farm.httpUrl,
    grpcAddress: farm.grpcAddress,
    natsUrl: farm.natsUrl,
    token: farm.token,
    pids,
  });
  expect((await stat(settings.home.farmFile)).mode & 0o777).toBe(0o600);
  expect((await stat(settings.home.tokenFile)).mode & 0o777).toBe(0o600);
  expect(Object.keys(pids).toSorted()).toEqual(["agent", "coordinator", "nats", "up"]);
  expect(await answersAsNats(settings.ports.nats)).toBe(true);
  // The token is in no process's command line.
  for (const pid of Object.values(pids)) expect(await commandLine(pid)).not.toContain(farm.token);
  await farm.stop();
  expect(await readFarmFile(settings.home.farmFile)).toBeNull();
  const { up, ...children } = pids;
  expect(up).toBe(process.pid);
  expect(Object.values(children).filter(isAlive)).toEqual([]);
});

test("the coordinator is told where nats-server logs, which is there before it starts", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path, { agent: false });
  const looks = `import { readFileSync } from "node:fs";
    if (!readFileSync(process.env.KILN_NATS_LOG, "utf8").includes("Server is ready")) process.exit(9);
    `;
  await writeFile(settings.programs?.coordinator ?? "", looks + SCRIPTS.good);
  const farm = await startFarm(settings);
  expect(Object.keys(await farm.pids())).toContain("coordinator");
  await farm.stop();
});

test("the token stays the same from one start to the next, and one home has one farm at a time", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path, { agent: false });
  const first = await startFarm(settings);
  await expect(startFarm(settings)).rejects.toThrow(
    `A farm is already running in ${settings.home.dir} (process ${process.pid}).`,
  );
  await first.stop();
  const second = await startFarm(settings);
  expect(second.token).toBe(first.token);
  await second.stop();
});

test("a port in use is named, and nothing is left running", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path);
  const other = createServer().listen(settings.ports.grpc, "127.0.0.1");
  await once(other, "listening");
  const error = await startFarm(settings).catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    message: `Port ${settings.ports.grpc} (for grpc) is in use by another program.`,
    advice: expect.stringContaining("--port-base"),
  });
  other.close();
  await once(other, "close");
  // The lock was given back, too.
  await (await startFarm(settings)).stop();
});

test("a process that does not start ends the farm with its last lines and its log's path", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path);
  await writeFile(settings.programs?.agent ?? "", SCRIPTS.failsToStart);
  const error = await startFarm(settings).catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    message: "The agent did not start (exit code 2). Its last lines:\n  | no such database",
    advice: `Its log: ${join(settings.home.logsDir, "agent.log")}`,
  });
  expect(await answersAsNats(settings.ports.nats)).toBe(false);
});

test("an interrupt while a process is starting stops what was started", async () => {
  await using dir = await tempDir();
  const interrupt = new AbortController();
  const settings = await options(dir.path, { signal: interrupt.signal });
  await writeFile(
    settings.programs?.coordinator ?? "",
    "process.kill(Number(process.env.TEST_PID), 'SIGUSR2'); setInterval(() => {}, 1000);",
  );
  process.once("SIGUSR2", () => interrupt.abort(new Interrupted()));
  const env = { ...process.env, TEST_PID: String(process.pid) };
  await expect(startFarm({ ...settings, env })).rejects.toBeInstanceOf(Interrupted);
  expect(await answersAsNats(settings.ports.nats)).toBe(false);
});

test("kill -9 of the starter leaves no process behind, and the next start needs no help", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path);
  const { home, ports, programs } = settings;
  const starter = join(dir.path, "starter.ts");
  const module = JSON.stringify(join(import.meta.dirname, "start-farm.ts"));
  await writeFile(
    starter,
    `import { startFarm } from ${module};
     const never = new AbortController().signal;
     const farm = await startFarm({ home: ${JSON.stringify(home)}, ports: ${JSON.stringify(ports)}, programs: ${JSON.stringify(programs)},
       env: process.env, agent: true, makeJoinToken: async () => "", slots: 1, nowMs: Date.now, note: () => {},
       signal: never, killSignal: never });
     console.log(JSON.stringify(await farm.pids()));`,
  );
  const child = spawn(process.execPath, [starter], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const pids = Object.values(JSON.parse(line.toString()) as Record<string, number>);
  expect(pids.filter(isAlive)).toHaveLength(4);
  child.kill("SIGKILL");
  await once(child, "exit");
  // They end on their own, by the end of their input: there is nobody left to signal it.
  await expect.poll(() => pids.filter(isAlive), { timeout: 10_000, interval: 10 }).toEqual([]);
  const farm = await startFarm(settings);
  await farm.stop();
});

test("what an earlier farm left running is stopped at the next start", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path, { agent: false });
  const { home, programs } = settings;
  await (await startFarm(settings)).stop();
  const program = (await findNatsServer(process.env)) ?? "";
  const config = join(home.natsDir, "nats-server.conf");
  const left = spawn(program, ["--config", config], { stdio: "ignore" });
  const agent = spawn(process.execPath, [programs?.agent ?? ""], { stdio: ["pipe", "pipe", "ignore"] });
  await once(agent.stdout, "data");
  const ended = Promise.all([once(left, "exit"), once(agent, "exit")]);
  // A number that another program has by now is left alone.
  const pids = { agent: agent.pid ?? 0, coordinator: process.pid };
  await writeFarmFile(home.farmFile, { httpUrl: "", grpcAddress: "", natsUrl: "", token: "", pids, startedAtMs: 0 });
  await expect.poll(() => answersAsNats(settings.ports.nats), { timeout: 10_000, interval: 10 }).toBe(true);
  const farm = await startFarm(settings);
  await ended;
  expect(settings.notes).toContain("Stopped what an earlier farm left behind: agent, nats-server.");
  await farm.stop();
});

test("the end of nats-server's guard is the end of nats-server, and both come back", async () => {
  await using dir = await tempDir();
  const restarted = Promise.withResolvers<void>();
  const settings = await options(dir.path, {
    agent: false,
    note: (text) => text.endsWith("runs again.") && restarted.resolve(),
  });
  const farm = await startFarm(settings);
  const before = (await farm.pids())["nats"] ?? 0;
  process.kill(before, "SIGKILL");
  await restarted.promise;
  const after = (await farm.pids())["nats"] ?? 0;
  expect(after).not.toBe(before);
  expect(await answersAsNats(settings.ports.nats)).toBe(true);
  await farm.stop();
  expect(isAlive(after)).toBe(false);
});

test("nats-server is opened by users that the farm has signed only, over TLS", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path, { agent: false });
  const farm = await startFarm(settings);
  const file = join(settings.home.natsDir, "nats-server.conf");
  const config = await readFile(file, "utf8");
  const { nats } = readFarmIdentity(settings.home.identityDir);
  for (const seed of [nats.operator.seed, nats.account.seed, nats.systemAccount.seed])
    expect(config).not.toContain(seed);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const socket = connect(settings.ports.nats, "127.0.0.1");
  socket.write('CONNECT {"verbose":false}\r\nPING\r\n');
  let said = "";
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => (said += chunk.toString("latin1")));
  await once(socket, "close");
  expect(said).toMatch(/^INFO .*"tls_required":true/);
  expect(said).not.toContain("PONG");
  await farm.stop();
});

test("a renewed certificate is read by nats-server without a restart", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path, { agent: false });
  const farm = await startFarm(settings);
  const { natsDir, identityDir } = settings.home;
  const pid = (await farm.pids())["nats"];
  const stop = reloadNatsOnRenewal(farmIdentityFiles(identityDir).server, natsDir, 10);
  const names = ["127.0.0.1", "another.example"];
  const renewed = await openFarmIdentity(identityDir, { nowMs: Date.now(), names });
  const shown = async (): Promise<string | undefined> => {
    const plain = connect(settings.ports.nats, "127.0.0.1");
    await once(plain, "data");
    const socket = connectTls({ socket: plain, ca: renewed.authority.certificatePem, host: "127.0.0.1" });
    await once(socket, "secureConnect");
    const certificate = socket.getPeerX509Certificate()?.toString();
    socket.destroy();
    return certificate;
  };
  await expect.poll(shown, { timeout: 10_000, interval: 10 }).toBe(renewed.server.certificatePem);
  expect((await farm.pids())["nats"]).toBe(pid);
  stop();
  await farm.stop();
});

test("a damaged identity stops the start with its file and what to do, and is left as it is", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path, { agent: false });
  await (await startFarm(settings)).stop();
  const file = farmIdentityFiles(settings.home.identityDir).authority;
  await writeFile(file, "no certificate");
  await expect(startFarm(settings)).rejects.toThrow(`${file} is not what Kiln wrote there. Restore the folder`);
  expect(await readFile(file, "utf8")).toBe("no certificate");
});

test("a farm gets a new token when it gets a new identity, and says so", async () => {
  await using dir = await tempDir();
  const settings = await options(dir.path, { agent: false });
  const first = await startFarm(settings);
  await first.stop();
  await rm(settings.home.identityDir, { recursive: true });
  const second = await startFarm(settings);
  expect(second.token).not.toBe(first.token);
  expect(settings.notes).toContain(`The farm has a new token: ${settings.home.tokenFile}.`);
  await second.stop();
});
