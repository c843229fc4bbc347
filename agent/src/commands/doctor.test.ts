import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { fakeGpu, FakeGpus, fakeMachine, temporaryFolder, type FakeMachine } from "@kiln/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

// The fake programs of NVIDIA's are shell scripts.
describe.runIf(process.platform === "linux")("by hand", () => {
  let stack: DisposableStack;
  let folder: string;

  beforeEach(() => {
    stack = new DisposableStack();
    folder = stack.use(temporaryFolder()).path;
  });
  afterEach(() => stack.dispose());

  async function run(machine: FakeMachine, ...args: readonly string[]) {
    const { bareEnv } = new FakeGpus(`${folder}/machine`, machine);
    const child = spawn(process.execPath, [MAIN, ...args], { env: { ...bareEnv, KILN_AGENT_DIR: `${folder}/agent` } });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    return { stdout, stderr, code: code as number | null };
  }

  it("doctor shows a sound GPU with its driver, programs, counters and clocks in lines that fit", async () => {
    const { stdout, stderr, code } = await run(fakeMachine([fakeGpu("GPU-1")]), "doctor");
    expect(stderr).toBe("");
    expect(stdout).toContain("550.54.15: runs CUDA up to 12.4, and any 12.x by minor version compatibility");
    expect(stdout).toMatch(
      /ok {7}GPU 0 +NVIDIA A100-SXM4-80GB, compute capability 8\.0, 80 GiB, 1410 MHz, 400 W, ECC on/,
    );
    expect(stdout).toMatch(/kernel: 64 MiB allocated, copied and computed on/);
    expect(stdout).toMatch(/performance counters for ncu: ncu has read them: sm__cycles_elapsed\.max was 18,204/);
    expect(stdout).toMatch(/this machine is no agent of a farm yet\s+Fix: /);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(code).toBe(0);
  });

  it("doctor ends with 1 for a GPU that fails, and its document says the same", async () => {
    const machine = fakeMachine([fakeGpu("GPU-1"), fakeGpu("GPU-2", { kernel: "wrong" })], { countersReadable: false });
    const { stdout, code } = await run(machine, "doctor", "--json");
    const { ok, checks, inventory } = JSON.parse(stdout) as {
      ok: boolean;
      checks: { name: string; state: string; found: string }[];
      inventory: { gpus: { uuid: string; countersReadable: { answer: string; detail: string } }[] };
    };
    expect([code, ok]).toEqual([1, false]);
    expect(checks.filter(({ state }) => state === "failed").map(({ name, found }) => [name, found])).toEqual([
      ["GPU 1", expect.stringMatching(/^kernel: .*17 of 16777216 words are wrong/)],
    ]);
    expect(inventory.gpus[0]?.countersReadable.answer).toBe("no");
    expect(inventory.gpus[0]?.countersReadable.detail).toContain("NVreg_RestrictProfilingToAdminUsers=0");
  });

  it("doctor says what a driver says that has failed, and never that there is no GPU", async () => {
    const smi = { says: "Failed to initialize NVML: Driver/library version mismatch\n", status: 18 };
    const { stdout, code } = await run(fakeMachine([fakeGpu("GPU-1")], { smi }), "doctor");
    expect(stdout).toMatch(/FAILED +driver[\s\S]*Driver\/library version\s+mismatch/);
    expect(stdout).not.toContain("no NVIDIA driver");
    expect(code).toBe(1);
  });

  it("health looks once and ends with 1 when a check failed", async () => {
    const sound = await run(fakeMachine([fakeGpu("GPU-1")]), "health");
    expect([sound.code, sound.stderr]).toEqual([0, ""]);
    const { stdout, code } = await run(fakeMachine([fakeGpu("GPU-1", { kernel: "crashes" })]), "health");
    expect(stdout).toMatch(/FAILED +kernel +GPU-1: a small program on it \(CUDA 12\.4\.131\) did\s+not/);
    expect(code).toBe(1);
  });
});
