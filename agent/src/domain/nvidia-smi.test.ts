import { expect, it } from "vitest";
import { parseGpus, parseNvccVersion } from "./nvidia-smi.ts";

it("every GPU of the query is read, its memory in bytes", () => {
  const output =
    "GPU-5d5b, NVIDIA H100 80GB HBM3, 9.0, 81559, 535.104.05\nGPU-77aa, Tesla T4, 7.5, 15360, 535.104.05\n";
  expect(parseGpus(output)).toEqual({
    ok: true,
    gpus: [
      {
        uuid: "GPU-5d5b",
        model: "NVIDIA H100 80GB HBM3",
        computeCapability: "9.0",
        memoryBytes: 81559 * 1024 * 1024,
        driver: "535.104.05",
      },
      {
        uuid: "GPU-77aa",
        model: "Tesla T4",
        computeCapability: "7.5",
        memoryBytes: 15360 * 1024 * 1024,
        driver: "535.104.05",
      },
    ],
  });
});

it("a driver that answers in words is a problem that quotes it, never no GPU", () => {
  expect(parseGpus("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")).toEqual({
    ok: false,
    message: `nvidia-smi says "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."`,
  });
  // An old driver does not know compute_cap.
  expect(parseGpus("GPU-1, Tesla K80, [N/A], 11441, 470.82.01").ok).toBe(false);
});

it("nvcc's exact version is taken from its last lines", () => {
  expect(
    parseNvccVersion("nvcc: NVIDIA (R) Cuda compiler driver\nCuda compilation tools, release 12.1, V12.1.105\n"),
  ).toBe("12.1.105");
  expect(parseNvccVersion("command not found")).toBeNull();
});
