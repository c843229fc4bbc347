import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentView, RunView } from "@kiln/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { JoinFarm } from "./join-farm.ts";
import { tarOfPureProject } from "./pure-project.ts";

const JOINED_MS_MAX = 5_000;
const CREDENTIALS_TTL_MS = 4_000;

describe("a machine that joins a farm", { timeout: 60_000 }, () => {
  let farm: JoinFarm;
  beforeAll(async () => {
    farm = await JoinFarm.start();
  });
  afterEach(() => farm.stopMachines());
  afterAll(() => farm[Symbol.asyncDispose]());

  const joining = (name: string, token: string, ...more: string[]) =>
    farm.kiln(name, ["agent", "join", farm.url, "--token", token, "--name", name, ...more]);

  /** Types the two commands, on the farm and on a machine; what the first one printed is what is typed. */
  async function joinByTwoCommands(name: string) {
    const startedMs = performance.now();
    const printed = await farm.asOwner("agent", "token", "--label", "rack=a3");
    const typed = printed.trim().split("\n").slice(-2).join("").replace("\\", "").split(/\s+/);
    expect(typed.slice(0, 4)).toEqual(["./kiln", "agent", "join", farm.url]);
    const machine = farm.kiln(name, [...typed.slice(1), "--name", name, "--slots", "2", "--label", "team=x"]);
    const { agentId } = await machine.ready;
    return { machine, agentId, token: typed.at(-1) ?? "", tookMs: performance.now() - startedMs };
  }

  it(`is a working agent within ${JOINED_MS_MAX / 1000} s of two commands, and comes back without its token`, async () => {
    const { machine, agentId, token, tookMs } = await joinByTwoCommands("first");
    const tookEach = [tookMs];
    // A machine that is busy with other tests may be late; the next one then shows what joining takes.
    while (Math.min(...tookEach) >= JOINED_MS_MAX && tookEach.length < 3) {
      const other = await joinByTwoCommands(`other-${tookEach.length}`);
      tookEach.push(other.tookMs);
      await other.machine.stop();
    }
    console.log(`joined in ${tookEach.map(Math.round).join(", ")} ms`);
    expect(Math.min(...tookEach)).toBeLessThan(JOINED_MS_MAX);
    const checks = [...machine.stdout.matchAll(/^(ok|warning|FAILED) +(\S+)/gm)].map(([, state, name]) => [
      state,
      name,
    ]);
    expect(checks.slice(0, 6)).toEqual(["farm", "agent", "clock", "HTTPS", "gRPC", "NATS"].map((name) => ["ok", name]));
    expect(Math.max(...machine.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(await machine.stop()).toBe(0);

    const again = farm.kiln("first", ["agent", "run"]);
    expect((await again.ready).agentId).toBe(agentId);
    const { agents } = await farm.ask<{ agents: AgentView[] }>("/agents");
    expect(agents.find((agent) => agent.agentId === agentId)).toMatchObject({ name: "first", slots: 2 });

    const second = joining("first", token);
    expect(await second.end()).toBe(3);
    expect(second.said).toContain("An agent is running in");
    await again.stop();
    const third = joining("first", token);
    expect(await third.end()).toBe(3);
    expect(third.said).toContain(`This machine is agent ${agentId} of the farm at`);
    expect(third.said).toContain("kiln agent leave");
  });

  it("is told why not when its token is used up or withdrawn", async () => {
    const once = await farm.joinToken();
    expect(await joining("uses-it", once.token, "--no-run").end()).toBe(0);
    const late = joining("too-late", once.token);
    expect(await late.end()).toBe(3);
    expect(late.said).toContain("The join token is used up: its one machine has joined");
    const withdrawn = await farm.joinToken();
    await farm.ask(`/join-tokens/${withdrawn.id}`, undefined, "DELETE");
    const unknown = joining("unknown", withdrawn.token);
    expect(await unknown.end()).toBe(3);
    expect(unknown.said).toContain("The farm knows no such join token");
  });

  it("leaves: the farm takes its certificate no more, and nothing of it is on the disk", async () => {
    const { token } = await farm.joinToken();
    expect(await joining("leaving", token, "--no-run").end()).toBe(0);
    const leaving = farm.kiln("leaving", ["agent", "leave"]);
    expect(await leaving.end()).toBe(0);
    expect(leaving.stdout).toContain("This machine is no agent of");
    const run = farm.kiln("leaving", ["agent", "run"]);
    expect(await run.end()).toBe(3);
    expect(run.stderr).toContain("This machine has not joined a farm");
  });

  it("ends with a code of its own when it is revoked, its job goes on elsewhere, and it does not come back", async () => {
    const machine = joining("revoked", (await farm.joinToken()).token);
    const { agentId } = await machine.ready;
    // One job: an agent of an earlier test may still count as there, and has it first.
    const spec = "kiln: 1\nbuild: {wheel: pure, env: {KILN_DUMMY: hang}}\n";
    const run = await farm.submit({ spec, name: "revoked-pkg", version: "1.0", sdist: Buffer.from("source") });
    const job = (await farm.ask<RunView>(`/runs/${run}`)).jobs[0]?.name ?? "";
    await until(async () => (await farm.job(run, job)).state === "running");
    expect(await farm.asOwner("agent", "list")).toContain("revoked");
    expect(await farm.asOwner("agent", "revoke", "revoked", "--reason", "lost laptop")).toContain(agentId);
    expect(await machine.end()).toBe(77);
    expect(machine.said).toContain("The farm has shut this agent out");
    const { history } = await farm.job(run, job);
    expect(history.find((attempt) => attempt.agentId === agentId)?.outcome).toBe("agent-lost");
    await farm.ask(`/runs/${run}/cancel`, {});
    const again = farm.kiln("revoked", ["agent", "run"]);
    expect(await again.end()).toBe(77);
  });
});

describe("an agent whose credentials last only seconds", { timeout: 60_000 }, () => {
  it("renews them while a job runs and writes: not a byte of its log is lost", async () => {
    await using farm = await JoinFarm.start({ KILN_AGENT_CREDENTIALS_TTL_MS: String(CREDENTIALS_TTL_MS) });
    const { token } = await farm.joinToken();
    const machine = farm.kiln("short", ["agent", "join", farm.url, "--token", token, "--executor", "host"], {
      KILN_EXECUTOR: "host",
    });
    await machine.ready;
    const file = join(farm.dir, "machines/short/agent/credentials/agent.pem");
    const serials = new Set<string>();
    const note = (): X509Certificate | null => {
      // Between two renames there is none.
      if (!existsSync(file)) return null;
      const certificate = new X509Certificate(readFileSync(file));
      serials.add(certificate.serialNumber);
      return certificate;
    };
    const firstEndsMs = note()?.validToDate.getTime() ?? Infinity;
    // Longer than one lifetime, which is renewed twice in it.
    const lines = Math.ceil((CREDENTIALS_TTL_MS * 1.5) / 10);
    const program = `import time; [(print('line %06d' % n, flush=True), time.sleep(0.01)) for n in range(${lines})]`;
    const pythons = (await onlyAgent(farm)).pythons.map(({ feature }) => feature).filter((one) => !one.endsWith("t"));
    const matrix = `matrix: {os: available, python: ["${pythons.at(-1)}"]}`;
    const spec = `kiln: 1\n${matrix}\nbuild: {wheel: pure}\nchecks: [{name: writes, command: "python -c \\"${program}\\""}]\n`;
    const run = await farm.submit({ spec, name: "demo", version: "1.0", sdist: tarOfPureProject() });
    const job = (await farm.ask<RunView>(`/runs/${run}`)).jobs.find(({ kind }) => kind === "check")?.name ?? "";
    await until(async () => {
      note();
      return (await farm.job(run, job)).state === "finished";
    });
    expect(await farm.job(run, job)).toMatchObject({ outcome: "passed", history: [{ attempt: 1 }] });
    expect(Date.now()).toBeGreaterThan(firstEndsMs);
    expect(serials.size).toBeGreaterThan(1);
    const log = await farm.log(run, job, 1);
    const written = log.split("\n").filter((line) => line.startsWith("line "));
    expect(written).toEqual(Array.from({ length: lines }, (_, n) => `line ${String(n).padStart(6, "0")}`));
    expect(await onlyAgent(farm)).toMatchObject({ state: "online" });
    // pip, which knows nothing of all this, has installed from the run's index over TLS meanwhile, or does now.
    await until(async () => (await farm.ask<RunView>(`/runs/${run}`)).state === "finished");
    expect((await farm.ask<RunView>(`/runs/${run}`)).verdict).toBe("pass");
    expect(await machine.stop()).toBe(0);
  });
});

async function onlyAgent(farm: JoinFarm): Promise<AgentView> {
  const { agents } = await farm.ask<{ agents: [AgentView] }>("/agents");
  return agents[0];
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 25));
}
