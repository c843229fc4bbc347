import { existsSync } from "node:fs";
import { fakeGpu, FakeGpus, fakeMachine, temporaryFolder } from "@kiln/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Gpu } from "../../domain/gpu/gpu.ts";
import { Smi } from "../gpu/smi.ts";
import { readNvidia } from "../inventory/read-nvidia.ts";
import { readToolkits } from "../inventory/read-toolkits.ts";
import { KernelCheck } from "./kernel-check.ts";

const { signal } = new AbortController();
const TOOLKITS = (await readToolkits(process.env)).cudaToolkits;
// An old nvcc does not know the newest chips, nor a new one the oldest: 9.0 is known since 11.8.
const [toolkit] = TOOLKITS.filter(({ version }) => Number.parseFloat(version) >= 11.8);
if (!toolkit)
  process.stderr.write("not run here: what the real nvcc makes of the check program (no nvcc since 11.8)\n");

let stack: DisposableStack;
let folder: string;
beforeEach(() => {
  stack = new DisposableStack();
  folder = stack.use(temporaryFolder()).path;
});
afterEach(() => stack.dispose());

async function firstGpu(env: NodeJS.ProcessEnv): Promise<Gpu> {
  const [gpu] = (await readNvidia(env, "linux")).gpus;
  if (!gpu) throw new Error("the fake has no GPU");
  return gpu;
}

// The fake programs of NVIDIA's are shell scripts.
describe.runIf(process.platform === "linux")("the check program", () => {
  it("that never ends fails the GPU when its time is over, and is ended", async () => {
    const { bareEnv } = new FakeGpus(folder, fakeMachine([fakeGpu("GPU-1", { kernel: "hangs" })]));
    const tools = { toolkits: (await readToolkits(bareEnv)).cudaToolkits, pythons: [] };
    const check = new KernelCheck(`${folder}/health`, bareEnv, 500);
    expect(await check.run("GPU-1", await firstGpu(bareEnv), tools, signal)).toMatchObject({
      status: "failed",
      detail: "a small program on it (CUDA 12.4.131) did not come to its end: it took longer than 0.5 s",
    });
  });

  it("is not run where nothing can build or run it, with what to do", async () => {
    const { bareEnv } = new FakeGpus(folder, fakeMachine([fakeGpu("GPU-1")]));
    const check = new KernelCheck(`${folder}/health`, bareEnv);
    const { status, detail } = await check.run("GPU-1", await firstGpu(bareEnv), { toolkits: [], pythons: [] }, signal);
    expect(status).toBe("not-run");
    expect(detail).toMatch(/there is no nvcc.*KILN_HEALTH_PYTHON/);
  });

  it("is not built by a toolkit that the driver is too old for", async () => {
    const old = fakeMachine([fakeGpu("GPU-1")], { driver: "470.82.01", cuda: "11.4" });
    const { bareEnv } = new FakeGpus(folder, old);
    const tools = { toolkits: (await readToolkits(bareEnv)).cudaToolkits, pythons: [] };
    const check = new KernelCheck(`${folder}/health`, bareEnv);
    expect((await check.run("GPU-1", await firstGpu(bareEnv), tools, signal)).detail).toContain(
      "driver 470.82.01 does not run what CUDA 12.4.131 builds",
    );
  });

  it.runIf(toolkit !== undefined)(
    "is built by the real nvcc, once, and says in words that there is no driver",
    async () => {
      const { bareEnv } = new FakeGpus(
        folder,
        fakeMachine([fakeGpu("GPU-1", { computeCapability: "9.0" })], { cuda: "99.0" }),
      );
      const gpu = await firstGpu(bareEnv);
      const check = new KernelCheck(`${folder}/health`, process.env);
      const tools = { toolkits: toolkit ? [toolkit] : [], pythons: [] };
      const built = await check.program(gpu, tools);
      expect(built).toMatchObject({ ok: true, program: { by: `CUDA ${toolkit?.version}` } });
      expect(existsSync(built.ok ? built.program.argv[0] : "")).toBe(true);
      // With or without a GPU of its own this machine has none of this uuid.
      const { status, detail } = await check.run("GPU-1", gpu, tools, signal);
      expect(["failed", "not-run"]).toContain(status);
      expect(detail).toContain('at the step "find the device"');
    },
    180_000,
  );
});

it.runIf(process.platform === "linux")("an nvidia-smi that hangs is ended, and says so", async () => {
  const { bareEnv } = new FakeGpus(folder, fakeMachine([fakeGpu("GPU-1")], { smi: "hangs" }));
  const smi = new Smi(Smi.find(bareEnv)?.program ?? "", 500);
  expect(await smi.log()).toEqual({ ok: false, message: "nvidia-smi -q -x: it took longer than 0.5 s" });
});
