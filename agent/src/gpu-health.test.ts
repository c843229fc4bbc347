import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { agent as wire, job as jobWire } from "@kiln/proto";
import { fakeGpu, FakeGpus, fakeMachine } from "@kiln/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AgentHandle } from "./start-agent.ts";
import { FakeFarm } from "./testing/fake-farm.ts";

const { Outcome } = jobWire;
const { Status } = { Status: wire.HealthCheck_Status };
const [FIRST, SECOND] = ["GPU-aaaa", "GPU-bbbb"] as const;

// The fake programs of NVIDIA's are shell scripts.
describe.runIf(process.platform === "linux")("an agent with GPUs", () => {
  let stack: AsyncDisposableStack;
  let farm: FakeFarm;
  let gpus: FakeGpus;
  let agent: AgentHandle;

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    farm = stack.use(await FakeFarm.start());
    const machine = fakeMachine([fakeGpu(FIRST), fakeGpu(SECOND, { pciBusId: "00000000:5E:00.0" })]);
    gpus = new FakeGpus(join(farm.folder, "machine"), machine);
  });
  afterEach(async () => stack.disposeAsync());

  async function start(): Promise<void> {
    agent = stack.use(await farm.startAgent({}, { machineEnv: gpus.bareEnv }));
    await farm.prepare(agent.agentId);
    await agent.registered;
    await reported(wire.HealthMoment.JOIN);
  }

  const { coordinator } = { coordinator: () => farm.coordinator };
  const until = (isTrue: () => boolean) => coordinator().board.until(isTrue);
  const finished = (key: string) => coordinator().finishedOf(key);
  const ended = async (key: string) => {
    await until(() => finished(key) !== null);
    return finished(key);
  };

  /** The first report of a moment among those that have not been looked at. */
  async function reported(moment: wire.HealthMoment): Promise<wire.ReportHealthRequest> {
    const find = () => coordinator().healthReports.findIndex((report) => report.moment === moment);
    await until(() => find() >= 0);
    return coordinator().healthReports.splice(find(), 1)[0]!;
  }

  /** "kernel GPU-aaaa": its status. */
  const statuses = ({ checks }: wire.ReportHealthRequest) =>
    Object.fromEntries(checks.map(({ name, device, status: is }) => [`${name} ${device}`.trim(), is]));

  async function askForHealth(): Promise<wire.ReportHealthRequest> {
    farm.control(agent.agentId, { case: "checkHealth", value: create(wire.CheckHealthSchema) });
    return reported(wire.HealthMoment.ASKED);
  }

  test("looks at them when it joins, tries ncu, and has their readings in its heartbeats", async () => {
    agent = stack.use(await farm.startAgent({}, { machineEnv: gpus.bareEnv }));
    await farm.prepare(agent.agentId);
    const report = await reported(wire.HealthMoment.JOIN);
    expect(statuses(report)).toMatchObject({
      disk: expect.any(Number) as number,
      memory: expect.any(Number) as number,
      [`driver ${FIRST}`]: Status.OK,
      [`kernel ${FIRST}`]: Status.OK,
      [`ecc ${SECOND}`]: Status.OK,
      [`xid ${SECOND}`]: Status.OK,
      [`kernel ${SECOND}`]: Status.OK,
    });
    expect(report.checks.find(({ name }) => name === "kernel")?.detail).toBe(
      "64 MiB allocated, copied and computed on in 0.01 s (CUDA 12.4.131)",
    );
    const countersOf = () => coordinator().registrations.at(-1)?.inventory?.gpus[1]?.countersReadable;
    await until(() => countersOf()?.detail.startsWith("ncu has read them") === true);
    expect(countersOf()?.answer).toBe(wire.Probe_Answer.YES);
    await until(() => farm.heartbeats.at(-1)?.gpus.length === 2);
    expect(farm.heartbeats.at(-1)?.gpus[0]).toMatchObject({
      uuid: FIRST,
      utilizationPercent: 7,
      temperatureCelsius: 41,
      smClockMhz: 1410,
      memoryUsedBytes: 4n * 1024n ** 2n,
    });
    expect(farm.heartbeats.at(-1)?.memoryAvailableBytes).toBeGreaterThan(0n);
  });

  test("does not begin a job on a GPU that fails, and reports the GPU before the job's end", async () => {
    await start();
    gpus.change(FIRST, { kernel: "wrong" });
    const key = await farm.assign(agent.agentId, 0, "pass", "test", { gpus: [FIRST] });
    expect(await ended(key)).toMatchObject({ outcome: Outcome.INFRASTRUCTURE });
    expect(finished(key)?.summary).toMatch(/^GPU-aaaa failed its health check "kernel": .*words are wrong/);
    expect(coordinator().framesOf(key)).toHaveLength(1);
    expect(coordinator().story).toEqual([`health ${key}`, `finished ${key}`]);
    const report = await reported(wire.HealthMoment.BEFORE_JOB);
    expect(report.attempt).toMatchObject({ run: 1, job: 0, attempt: 1 });
    expect(statuses(report)).toMatchObject({ [`kernel ${FIRST}`]: Status.FAILED });
    expect(Object.keys(statuses(report)).join()).not.toContain(SECOND);
    // The other one is as good as before.
    const other = await farm.assign(agent.agentId, 1, "pass", "test", { gpus: [SECOND] });
    expect(await ended(other)).toMatchObject({ outcome: Outcome.PASSED });
  });

  test("lets the look after a failed job decide whether the job or the GPU is to blame", async () => {
    await start();
    const sound = await farm.assign(agent.agentId, 0, "fail", "test", { gpus: [FIRST] });
    expect(await ended(sound)).toMatchObject({ outcome: Outcome.TESTS_FAILED });
    const broken = await farm.assign(agent.agentId, 1, "fail after 1000", "test", { gpus: [FIRST] });
    await until(() => coordinator().framesOf(broken).length > 0);
    gpus.change(FIRST, { eccUncorrected: 2 });
    expect(await ended(broken)).toMatchObject({ outcome: Outcome.INFRASTRUCTURE });
    expect(finished(broken)?.summary).toMatch(
      /^GPU-aaaa failed its health check "ecc": 2 uncorrectable memory errors.*the job itself ended as tests-failed/,
    );
    expect(coordinator().story.slice(-2)).toEqual([`health ${broken}`, `finished ${broken}`]);
  });

  test("takes a job that hangs on a broken GPU for the GPU's fault, and one that hangs on a sound one for its own", async () => {
    await start();
    const sound = await farm.assign(agent.agentId, 0, "hang", "test", { gpus: [SECOND], timeoutMs: 200 });
    expect(await ended(sound)).toMatchObject({ outcome: Outcome.TIMED_OUT });
    const broken = await farm.assign(agent.agentId, 1, "hang", "test", { gpus: [FIRST], timeoutMs: 400 });
    await until(() => coordinator().framesOf(broken).length > 0);
    gpus.change(FIRST, { kernel: "crashes" });
    expect(await ended(broken)).toMatchObject({ outcome: Outcome.INFRASTRUCTURE });
    expect(finished(broken)?.summary).toMatch(/did not come to its end.*the job itself ended as/);
  });

  test("holds the end of a job back until the report of its broken GPU has arrived", async () => {
    await start();
    gpus.change(FIRST, { kernel: { code: 46, error: "all CUDA-capable devices are busy or unavailable" } });
    coordinator().rejectHealth = status.UNAVAILABLE;
    const key = await farm.assign(agent.agentId, 0, "pass", "test", { gpus: [FIRST] });
    await until(() => farm.heartbeats.at(-1)?.attempts.length === 1);
    const other = await farm.assign(agent.agentId, 1, "lines 10");
    await ended(other);
    expect(finished(key)).toBeNull();
    coordinator().rejectHealth = null;
    await ended(key);
    expect(coordinator().story.slice(-2)).toEqual([`health ${key}`, `finished ${key}`]);
  });

  test("reports a GPU that the driver has lost as failed, and registers without it", async () => {
    await start();
    gpus.change(FIRST, { sick: "GPU is lost" });
    const report = await askForHealth();
    expect(statuses(report)).toMatchObject({ [`driver ${FIRST}`]: Status.FAILED, [`kernel ${SECOND}`]: Status.OK });
    await until(() => coordinator().registrations.at(-1)?.inventory?.gpus.length === 1);
    expect(
      coordinator()
        .registrations.at(-1)
        ?.inventory?.problems.map(({ message }) => message)
        .join(),
    ).toContain("GPU is lost");
  });

  test("tells of an Xid and of new memory errors once, and of a program's Xid as a warning", async () => {
    const line = (xid: number) => `[ 5140.9] NVRM: Xid (PCI:0000:3b:00): ${xid}, pid=77, name=python`;
    await start();
    gpus.write({ ...gpus.machine, kernelLog: ["[ 1.0] NVRM: loading", line(31), line(79)] });
    gpus.change(SECOND, { eccCorrected: 5 });
    const report = await askForHealth();
    expect(statuses(report)).toMatchObject({
      [`xid ${FIRST}`]: Status.FAILED,
      [`xid ${SECOND}`]: Status.OK,
      [`ecc ${SECOND}`]: Status.WARNING,
    });
    expect(statuses(await askForHealth())).toMatchObject({
      [`xid ${FIRST}`]: Status.OK,
      [`ecc ${SECOND}`]: Status.OK,
    });
    gpus.write({ ...gpus.machine, kernelLog: [line(79), line(31), line(13)] });
    expect(statuses(await askForHealth())).toMatchObject({ [`xid ${FIRST}`]: Status.WARNING });
  });

  test("kills what a job that has ended left on a GPU, and only tells of what is somebody else's", async () => {
    await start();
    const sleeper = (cookie: string | null) => {
      const child = spawn("sleep", ["600"], {
        env: { ...process.env, ...(cookie === null ? {} : { KILN_ATTEMPT: cookie }) },
        stdio: "ignore",
      });
      stack.defer(() => void child.kill("SIGKILL"));
      return child;
    };
    const [left, foreign] = [sleeper(`${agent.agentId}/1.9.1`), sleeper(null)];
    await Promise.all([once(left, "spawn"), once(foreign, "spawn")]);
    const exited = once(left, "exit");
    const processes = [left, foreign].map(({ pid = 0 }) => ({ pid, name: "python", memoryMib: 900 }));
    gpus.change(FIRST, { processes, usedMib: 6_000 });
    const { checks } = await askForHealth();
    expect((await exited)[1]).toBe("SIGKILL");
    expect(foreign.exitCode ?? foreign.signalCode).toBeNull();
    const detail = checks.find(({ name, device }) => name === "leftover-processes" && device === FIRST)?.detail;
    expect(detail).toBe(
      `left by jobs that have ended, and killed: ${left.pid} (python); ` +
        `not of this agent's jobs: ${foreign.pid} (python); they share the GPU with what runs on it`,
    );
    expect(checks.find(({ name, device }) => name === "leftover-memory" && device === FIRST)?.status).toBe(
      Status.WARNING,
    );
  });
});
