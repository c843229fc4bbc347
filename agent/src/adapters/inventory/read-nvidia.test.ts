import { fakeGpu, FakeGpus, fakeMachine, temporaryFolder, type FakeMachine } from "@kiln/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readNvidia } from "./read-nvidia.ts";
import { readToolkits } from "./read-toolkits.ts";

/** Programs that answer as NVIDIA's do: what they say is the port, and this machine may have none. */
describe.runIf(process.platform === "linux")("the GPUs of a machine", () => {
  let stack: DisposableStack;
  let folder: string;

  beforeEach(() => {
    stack = new DisposableStack();
    folder = stack.use(temporaryFolder()).path;
  });
  afterEach(() => stack.dispose());

  const readOf = (machine: FakeMachine) => readNvidia(new FakeGpus(folder, machine).env, "linux");
  const words = (problems: readonly { readonly message: string }[]) =>
    problems.map(({ message }) => message).join("\n");

  it("are described with memory, CUDA at both levels, ECC, clocks and bus", async () => {
    const { gpus, problems } = await readOf(fakeMachine([fakeGpu("GPU-1", { eccCorrected: 3 })]));
    expect(problems).toEqual([]);
    expect(gpus).toMatchObject([
      {
        uuid: "GPU-1",
        model: "NVIDIA A100-SXM4-80GB",
        computeCapability: "8.0",
        memoryBytes: 81_920 * 1024 ** 2,
        driver: "550.54.15",
        cudaDriver: "12.4",
        cudaMinorCompatible: "12",
        migMode: "",
        eccMode: "enabled",
        eccCorrected: 3,
        eccUncorrected: 0,
        smClockMaxMhz: 1410,
        memoryClockMaxMhz: 1593,
        powerLimitWatts: 400,
        pciBusId: "00000000:3B:00.0",
        processes: [],
      },
    ]);
    // Whoever runs the test: a probe says yes, or what to do.
    for (const { answer, detail } of gpus.flatMap((gpu) => [gpu.clocksLockable, gpu.countersReadable])) {
      expect(detail).not.toBe("");
      expect(["yes", "no", "unknown"]).toContain(answer);
    }
  });

  it("have their MIG devices, with uuid, profile and memory", async () => {
    const migSlices = [
      { uuid: "MIG-a", profile: "1g.10gb", memoryMib: 9_728 },
      { uuid: "MIG-b", profile: "3g.40gb", memoryMib: 40_192 },
    ];
    const { gpus } = await readOf(fakeMachine([fakeGpu("GPU-1", { migSlices }), fakeGpu("GPU-2")]));
    expect(gpus.map((gpu) => [gpu.migMode, gpu.migSlices])).toEqual([
      [
        "enabled",
        [
          { uuid: "MIG-a", profile: "1g.10gb", memoryBytes: 9_728 * 1024 ** 2 },
          { uuid: "MIG-b", profile: "3g.40gb", memoryBytes: 40_192 * 1024 ** 2 },
        ],
      ],
      ["", []],
    ]);
  });

  it("show other processes, and not those of jobs", async () => {
    const processes = [{ pid: process.pid, name: "/usr/bin/trainer --password=hunter2", memoryMib: 512 }];
    const { gpus } = await readOf(fakeMachine([fakeGpu("GPU-1", { processes })]));
    expect(gpus[0]?.processes).toEqual([{ pid: process.pid, name: "/usr/bin/trainer", memoryBytes: 512 * 1024 ** 2 }]);
  });

  it("of an old driver are there without their compute capability, and it says which driver to install", async () => {
    const { gpus, problems } = await readOf(
      fakeMachine([fakeGpu("GPU-1")], { driver: "470.82.01", cuda: "11.4", knowsCapability: false }),
    );
    expect(gpus).toMatchObject([{ uuid: "GPU-1", computeCapability: "", cudaMinorCompatible: "11" }]);
    expect(words(problems)).toMatch(/does not say its compute capability.*install driver 510/s);
  });

  it("that the driver has lost are left out with a problem, and the sound ones stay", async () => {
    const { gpus, problems } = await readOf(
      fakeMachine([fakeGpu("GPU-1", { sick: "Unknown Error" }), fakeGpu("GPU-2")]),
    );
    expect(gpus.map(({ uuid }) => uuid)).toEqual(["GPU-2"]);
    expect(words(problems)).toMatch(/GPU-1.*Unknown Error.*dmesg/s);
  });

  it.each([
    ["a version mismatch", { says: "Failed to initialize NVML: Driver/library version mismatch\n", status: 18 }],
    [
      "a lost device",
      { says: "Unable to determine the device handle for GPU0000:3B:00.0: Unknown Error\n", status: 255 },
    ],
    ["a table of ERR!", { says: "| ERR!   41C    P0   ERR! / 300W |\n", status: 0 }],
    ["no devices", { says: "No devices were found\n", status: 6 }],
  ])("of a driver with %s are a problem that quotes it, never silently none", async (_, smi) => {
    const { gpus, problems } = await readOf(fakeMachine([fakeGpu("GPU-1")], { smi }));
    expect(gpus).toEqual([]);
    expect(words(problems)).toContain(smi.says.trim().slice(0, 20));
    expect(words(problems)).toContain("dmesg");
  });

  it("and no problem are what a machine without a driver has", async () => {
    expect(await readNvidia({ PATH: folder }, "linux")).toEqual({ gpus: [], problems: [] });
  });

  it("come with the toolkits that CUDA_HOME and the path lead to", async () => {
    const { env } = new FakeGpus(folder, fakeMachine([]));
    const { cudaToolkits } = await readToolkits(env);
    expect(cudaToolkits[0]).toEqual({ version: "12.4.131", path: env.CUDA_HOME });
  });
});
