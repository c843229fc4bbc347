import { expect, test } from "vitest";
import { imageOf, networkOfStep } from "./container-job.ts";
import type { Job, WheelWish } from "./job.ts";

const blob = { sha256: "0".repeat(64), sizeBytes: 1, filename: "pkg-1.0.tar.gz" };
const COMMAND: Job["work"] = {
  kind: "command",
  requires: [],
  check: { kind: "command", command: "true", source: blob, files: [] },
  wheel: null,
};

test("only steps that install something have a network, and a command when its job asks", () => {
  const steps = [
    "make-environment",
    "build-wheel",
    "install-wheel",
    "install-requires",
    "check-imports",
    "run-command",
  ] as const;
  const quiet = steps.map((step) => networkOfStep(step, { work: COMMAND }));
  expect(quiet).toEqual(["none", "index", "index", "index", "none", "none"]);
  const open = steps.map((step) => networkOfStep(step, { work: COMMAND, container: { network: "open" } }));
  expect(open).toEqual(["none", "index", "index", "index", "open", "open"]);
});

test("a build without isolation installs from the run's index, and then has no network", () => {
  const torch = { version: "2.1.2", variant: "cu118" };
  const wheel: WheelWish = {
    kind: "native",
    torch,
    cuda: "11.8",
    index: "cu118",
    localVersion: null,
    cxx11Abi: null,
    archList: [],
    policy: null,
  };
  const candidate = { name: "pkg", version: "1.0" };
  const work = {
    kind: "build",
    source: blob,
    candidate,
    configSettings: {},
    frontend: "pip",
    checkReproducible: false,
    wheel,
  } as const;
  const steps = ["install-build-requires", "build-wheel"] as const;
  expect(steps.map((step) => networkOfStep(step, { work }))).toEqual(["run-index", "none"]);
  expect(networkOfStep("build-wheel", { work, container: { network: "open" } })).toBe("open");
  expect(networkOfStep("build-wheel", { work: { ...work, wheel: null } })).toBe("index");
});

test("a measurement installs from the run's index, finds a baseline on the owner's, and measures without a network", () => {
  const check = { kind: "command", command: "true", source: blob, files: [] } as const;
  const how = { kind: "profile", kernels: null, launchSkip: 0, launchCount: 1, metrics: [] } as const;
  const candidate = { name: "pkg", version: "1.0" };
  const wheel = { ...blob, filename: "pkg-1.0-py3-none-any.whl" };
  const baseline = { kind: "index", version: null, sha256: null } as const;
  const work: Job["work"] = {
    kind: "measure",
    wheel,
    candidate,
    requires: [],
    index: "any",
    torch: null,
    check,
    baseline,
    how,
  };
  const steps = ["install-wheel", "find-baseline", "run-bench"] as const;
  expect(steps.map((step) => networkOfStep(step, { work }))).toEqual(["run-index", "index", "none"]);
});

test("the job's image goes before its policy's, and that before the default", () => {
  const images = { byDefault: "default", byPolicy: { manylinux_2_28: "policy" } };
  expect(imageOf({ container: { image: "own", manylinux: "manylinux_2_28" } }, images)).toEqual({
    text: "own",
    isJobs: true,
  });
  expect(imageOf({ container: { manylinux: "manylinux_2_28" } }, images)).toEqual({ text: "policy", isJobs: false });
  expect(imageOf({ container: { manylinux: "manylinux_2_34" } }, images)).toEqual({ text: "default", isJobs: false });
  expect(imageOf({}, { byDefault: null, byPolicy: {} })).toBeNull();
});
