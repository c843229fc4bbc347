import { expect, test } from "vitest";
import { buildIdentifier, cibuildwheelRefusal, cibuildwheelVariables } from "./cibuildwheel.ts";
import type { BuildWork, WheelWish } from "./job.ts";

const WISH: WheelWish = {
  kind: "native",
  torch: null,
  cuda: null,
  index: "any",
  localVersion: null,
  cxx11Abi: null,
  archList: [],
  policy: "manylinux_2_28",
};
const WORK: BuildWork = {
  kind: "build",
  source: { sha256: "0".repeat(64), sizeBytes: 1, filename: "pkg-1.0.tar.gz" },
  candidate: { name: "pkg", version: "1.0" },
  configSettings: {},
  frontend: "cibuildwheel",
  checkReproducible: false,
  wheel: WISH,
};

test("the one wheel of a job is named as cibuildwheel names it", () => {
  expect(buildIdentifier("3.12", "linux-x86_64")).toBe("cp312-manylinux_x86_64");
  expect(buildIdentifier("3.13t", "macos-arm64")).toBe("cp313t-macosx_arm64");
  expect(buildIdentifier("3.9", "windows-x86_64")).toBe("cp39-win_amd64");
  expect(buildIdentifier("3.9", "plan9-x86_64")).toBeNull();
});

test("it is told the policy's image, the config settings, the job's variables, and not to run tests", () => {
  const work = { ...WORK, configSettings: { "cmake.define": "it's on" } };
  const facts = { platform: "linux-x86_64", engine: "podman", passed: ["CFLAGS", "CIBW_SKIP"] } as const;
  expect(cibuildwheelVariables(work, facts)).toEqual({
    CIBW_TEST_SKIP: "*",
    CIBW_CONFIG_SETTINGS: `'cmake.define=it'"'"'s on'`,
    CIBW_CONTAINER_ENGINE: "podman; disable_host_mount: true",
    CIBW_ENVIRONMENT_PASS_LINUX: "CFLAGS",
    CIBW_MANYLINUX_X86_64_IMAGE: "manylinux_2_28",
  });
  const onMac = { ...facts, platform: "macos-arm64", engine: null };
  expect(Object.keys(cibuildwheelVariables(work, onMac))).toEqual(["CIBW_TEST_SKIP", "CIBW_CONFIG_SETTINGS"]);
});

test("what it cannot do is refused with what to write instead", () => {
  expect(cibuildwheelRefusal({}, WORK, "linux-x86_64")).toBeNull();
  const torch = { ...WORK, wheel: { ...WISH, torch: { version: "2.1.2", variant: "cpu" } } };
  expect(cibuildwheelRefusal({}, torch, "linux-x86_64")).toContain("write frontend: pip");
  const container = { image: "debian:12" };
  expect(cibuildwheelRefusal({ container }, WORK, "linux-x86_64")).toContain("set CIBW_MANYLINUX_X86_64_IMAGE");
});
