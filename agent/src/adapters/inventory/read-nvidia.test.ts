import { temporaryFolder } from "@kiln/testkit";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readNvidia } from "./read-nvidia.ts";

/** Programs that answer as NVIDIA's do: what they say is the port, and this machine may have none. */
function program(folder: string, name: string, script: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

it.runIf(process.platform === "linux")("GPUs and toolkits are found by PATH and CUDA_HOME", async () => {
  using folder = temporaryFolder();
  const bin = join(folder.path, "bin");
  const cuda = join(folder.path, "cuda");
  program(bin, "nvidia-smi", 'echo "GPU-1, NVIDIA A100-SXM4-40GB, 8.0, 40960, 550.54.15"');
  program(join(cuda, "bin"), "nvcc", 'echo "Cuda compilation tools, release 12.4, V12.4.131"');
  const { gpus, cudaToolkits } = await readNvidia({ PATH: bin, CUDA_HOME: cuda });
  expect(gpus.map(({ model, driver }) => [model, driver])).toEqual([["NVIDIA A100-SXM4-40GB", "550.54.15"]]);
  expect(cudaToolkits).toContainEqual({ version: "12.4.131", path: cuda });
});

it.runIf(process.platform === "linux")("a driver that fails is a problem with what to do", async () => {
  using folder = temporaryFolder();
  program(folder.path, "nvidia-smi", "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18");
  const { gpus, problems } = await readNvidia({ PATH: folder.path });
  expect(gpus).toEqual([]);
  expect(problems.map(({ message }) => message).join()).toMatch(/Driver\/library version mismatch.*repair its driver/s);
});
