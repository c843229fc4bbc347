import { expect, test } from "vitest";
import { readDockerConfig } from "./docker-config.ts";

const KILN_DOCKER_HOST = "unix:///run/engine.sock";

test("a socket is all that has to be known; jobs share the machine", () => {
  const one = readDockerConfig({ KILN_DOCKER_HOST }, 1);
  const four = readDockerConfig({ KILN_DOCKER_HOST }, 4);
  if (!one.ok || !four.ok) throw new Error("it is refused");
  expect(one.settings).toMatchObject({
    socketPath: "/run/engine.sock",
    images: { byDefault: null, byPolicy: {} },
    network: "bridge",
    pull: "missing",
  });
  expect(Math.floor(one.settings.limits.memoryBytes / 4)).toBe(four.settings.limits.memoryBytes);
});

test("images are named by policy", () => {
  const KILN_DOCKER_IMAGES = "manylinux_2_28=registry.example:5000/a/b:1, manylinux2014=c@sha256:" + "0".repeat(64);
  const parsed = readDockerConfig({ KILN_DOCKER_HOST, KILN_DOCKER_IMAGE: "debian:12", KILN_DOCKER_IMAGES }, 1);
  expect(parsed).toMatchObject({
    ok: true,
    settings: {
      images: {
        byDefault: "debian:12",
        byPolicy: { manylinux_2_28: "registry.example:5000/a/b:1", manylinux2014: `c@sha256:${"0".repeat(64)}` },
      },
    },
  });
});

test("everything that is wrong is reported at once, an engine elsewhere among it", () => {
  const parsed = readDockerConfig(
    {
      KILN_DOCKER_HOST: "tcp://elsewhere:2375",
      KILN_DOCKER_IMAGE: "No Image",
      KILN_DOCKER_IMAGES: "2_28=x,manylinux_2_28=",
      KILN_DOCKER_MEMORY_BYTES: "1",
      KILN_DOCKER_CPUS: "many",
      KILN_DOCKER_PULL: "sometimes",
      KILN_DOCKER_READ_ONLY_PATHS: "here",
    },
    1,
  );
  if (parsed.ok) throw new Error("it is taken");
  expect(parsed.problems.map((problem) => problem.split(" ", 1)[0])).toEqual([
    "KILN_DOCKER_HOST",
    "KILN_DOCKER_IMAGE",
    "KILN_DOCKER_IMAGES",
    "KILN_DOCKER_IMAGES",
    "KILN_DOCKER_MEMORY_BYTES",
    "KILN_DOCKER_CPUS",
    "KILN_DOCKER_READ_ONLY_PATHS",
    "KILN_DOCKER_PULL",
  ]);
});
