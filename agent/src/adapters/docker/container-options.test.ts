import { expect, test } from "vitest";
import { containerOptions, type ContainerSpec } from "./container-options.ts";

const spec: ContainerSpec = {
  imageId: "sha256:1",
  argv: ["python", "-c", "pass"],
  cwd: "/job/test",
  env: { A: "b=c" },
  mounts: [
    { path: "/job/source", isReadOnly: true },
    { path: "/home/me/pip.conf", target: "/run/kiln/pip.conf", isReadOnly: true },
  ],
  network: "none",
  gpus: [],
  limits: { memoryBytes: 1_000, cpus: 1.5, pidsMax: 100 },
  user: "1000:1000",
  labels: { "kiln.agent": "a" },
};

test("a container has no privileges, its limits, and only the folders named", () => {
  expect(containerOptions(spec)).toMatchObject({
    Image: "sha256:1",
    User: "1000:1000",
    Env: ["A=b=c"],
    Tty: false,
    HostConfig: {
      Privileged: false,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
      NetworkMode: "none",
      Memory: 1_000,
      MemorySwap: 1_000,
      NanoCpus: 1_500_000_000,
      PidsLimit: 100,
      Mounts: [
        { Type: "bind", Source: "/job/source", Target: "/job/source", ReadOnly: true },
        { Type: "bind", Source: "/home/me/pip.conf", Target: "/run/kiln/pip.conf", ReadOnly: true },
      ],
    },
  });
});

test("GPUs are given by uuid, and none without being asked for", () => {
  expect(containerOptions(spec).HostConfig).not.toHaveProperty("DeviceRequests");
  expect(containerOptions({ ...spec, gpus: ["GPU-1", "MIG-2"] }).HostConfig?.DeviceRequests).toEqual([
    { DeviceIDs: ["GPU-1", "MIG-2"], Capabilities: [["gpu"]] },
  ]);
});
