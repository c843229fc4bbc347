import { delimiter, join } from "node:path";
import type { JobView, WheelReport } from "@kiln/proto";
import { temporaryFolder, unpackBuilderPythons } from "@kiln/testkit";
import { describe, expect, it, type TestContext } from "vitest";
import { tarOfExample } from "./example-source.ts";
import { Farm } from "./farm.ts";
import { bringToolkit, isWithinReach } from "./torch-needs.ts";
import { startUserIndex } from "./user-index.ts";

/** A PyTorch that has a build for the CPU alone, and a CPython and a CUDA release that it is made for. */
const TORCH = "2.13.0";
const PYTHON = "3.11";
const CUDA = "13.0";
const ARCH = process.arch === "arm64" ? "aarch64" : "x86_64";
const REQUIREMENTS = [`torch==${TORCH}`, "setuptools>=77", "wheel", "pytest"];
/** Two PyTorches are unpacked and one extension compiled in each run. */
const TIMEOUT_MS = 900_000;

describe("an extension of PyTorch on a farm", () => {
  it(
    "is built without isolation against the PyTorch of its cell, for the CPU, and passes its tests",
    { timeout: TIMEOUT_MS },
    async (context) => {
      await using site = await startSite(context);
      const { build, test } = await site.run({ cuda: "cpu" });
      expect(build.job).toMatchObject({ outcome: "passed" });
      expect(build.log).toContain(`torch==${TORCH}`);
      expect(build.log).toContain("--no-build-isolation");
      expect(build.wheel).toMatchObject({ smArchitectures: [], ptxArchitectures: [], grafted: [] });
      expect(build.wheel?.external).toEqual(expect.arrayContaining(["libc10.so", "libtorch_cpu.so"]));
      expect(test.job).toMatchObject({ outcome: "passed" });
      expect(test.log).toMatch(/\d+ passed/);
    },
  );

  it(
    "holds machine code for exactly the two GPU architectures that its CUDA cell promises, and is not tested with a PyTorch for the CPU",
    { timeout: TIMEOUT_MS },
    async (context) => {
      await using site = await startSite(context);
      await site.needToolkit();
      const { build, test } = await site.run({ cuda: CUDA });
      expect(build.job).toMatchObject({ outcome: "passed" });
      expect(build.wheel).toMatchObject({ smArchitectures: ["80", "90"], ptxArchitectures: ["90"], grafted: [] });
      // The gigabytes of the cell's own are not within reach here; what stands in for them is found out.
      expect(test.job).toMatchObject({ outcome: "tests-failed" });
      expect(test.job.summary).toBe(`PyTorch ${TORCH}+cpu is installed instead of PyTorch ${TORCH} for cu130`);
    },
  );

  it(
    "that goes on without CUDA when there is no nvcc ends its CUDA cell as a silent CPU fallback, and nothing of it is kept",
    { timeout: TIMEOUT_MS },
    async (context) => {
      await using site = await startSite(context);
      await site.needToolkit();
      const { build, test } = await site.run({ cuda: CUDA, buildEnv: { CUDA_HOME: join(site.farm.dir, "nothing") } });
      expect(build.log).toContain("no CUDA toolkit was found, building for the CPU only");
      expect(build.job).toMatchObject({ outcome: "build-failed" });
      expect(build.job.summary).toMatch(/^silent CPU fallback/);
      expect(build.job.history.at(-1)?.artifacts).toEqual([]);
      expect(test.job).toMatchObject({ outcome: "not-run" });
    },
  );
});

/** A farm that has what these tests need; without it, the test is skipped with the reason. */
async function startSite(context: TestContext) {
  const stack = new AsyncDisposableStack();
  try {
    const lack = (reason: string): never => context.skip(reason);
    if (process.platform !== "linux") lack("PyTorch without CUDA is looked for on Linux only");
    const reach = await isWithinReach(PYTHON, `torch==${TORCH}`);
    if (!reach.ok) lack(reach.reason);
    const index = stack.use(await startUserIndex("torch", [PYTHON], REQUIREMENTS));
    const env = { KILN_UPSTREAM_INDEX: index.url };
    const farm = stack.use(await Farm.start({ executor: "host", slots: 2, env }));
    const agent = async () => (await farm.api.agents())[0];
    const restart = async (more: Readonly<Record<string, string>>) => {
      await farm.agent("a1").stop();
      await farm.startAgent("a1", more);
    };
    const more: Record<string, string> = {};
    if (!(await agent())?.pythons.some(({ feature }) => feature === PYTHON)) {
      const folders = await unpackBuilderPythons(stack.use(temporaryFolder()).path);
      if (!folders.ok) return lack(`there is no CPython ${PYTHON} here, and ${folders.reason}`);
      more["PATH"] = [process.env["PATH"], ...folders.value].join(delimiter);
      await restart(more);
    }
    const needToolkit = async (): Promise<void> => {
      if ((await agent())?.cudaToolkits.some(({ version }) => version.startsWith(`${CUDA}.`))) return;
      const home = await bringToolkit(CUDA);
      if (!home.ok) return lack(home.reason);
      await restart({ ...more, CUDA_HOME: home.value });
    };
    const owned = stack.move();
    return {
      farm,
      needToolkit,
      run: (cell: Cell) => runCell(context, farm, cell),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (cause) {
    await stack.disposeAsync();
    throw cause;
  }
}

interface Cell {
  readonly cuda: string;
  readonly buildEnv?: Readonly<Record<string, string>>;
}

/** One cell of the example's release; a build or test that fails is what the caller judges. */
async function runCell(context: TestContext, farm: Farm, { cuda, buildEnv = {} }: Cell) {
  const spec = `
kiln: 1
matrix: {os: [linux-${ARCH}], python: ["${PYTHON}"], torch: ["${TORCH}"], cuda: ["${cuda}"]}
build:
  env: ${JSON.stringify(buildEnv)}
  wheels:
    - {name: cpu, kind: native, when: {cuda: [cpu]}}
    - {name: cuda, kind: native, cuda: linked, arch-list: ["8.0", "9.0+PTX"]}
test:
  requires: [pytest]
  files: [tests]
  command: python -m pytest -q tests
  # What needs a GPU is skipped where there is none.
  gpu: none
`;
  const sdist = tarOfExample("torch-extension");
  const run = await farm.api.submit({ spec, name: "kiln-returns", version: "0.3.0", sdist });
  const { jobs } = await farm.api.finished(run);
  const ended = async (kind: "build" | "test") => {
    const name = jobs.find((job) => job.kind === kind)?.name ?? "";
    const job: JobView = await farm.api.job(run, name);
    const attempt = job.history.at(-1);
    const log = attempt ? (await farm.api.log(run, name, attempt.attempt)).toString() : "";
    context.onTestFailed(() => console.log(`${name}: ${job.outcome}, ${job.summary}\n${log}`));
    return { job, log, wheel: attempt?.reports.find((one): one is WheelReport => one.kind === "wheel") };
  };
  return { build: await ended("build"), test: await ended("test") };
}
