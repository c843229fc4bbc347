import { expect, test } from "vitest";
import type { Interpreter } from "./interpreter.ts";
import { stepsFor } from "./job-steps.ts";
import type { Job, TestWork, WheelWish } from "./job.ts";

const PYTHON: Interpreter = {
  feature: "3.12",
  version: "3.12.1",
  path: "/python",
  foundBy: "path",
  platform: "linux-x86_64",
  pipWheel: "/pip.whl",
};
const blob = (filename: string) => ({ sha256: "0".repeat(64), sizeBytes: 1, filename });
const CANDIDATE = { name: "pkg", version: "1.0" };
const JOB = { name: "job", python: "3.12", env: {}, limits: { timeoutMs: 1, logBytesMax: 1 } };
const TEST: TestWork = {
  kind: "test",
  wheel: blob("pkg-1.0-py3-none-any.whl"),
  candidate: CANDIDATE,
  extras: [],
  requires: [],
  index: null,
  torch: null,
  check: { kind: "import" },
  repeatFailed: 0,
};
const kinds = (job: Job) => stepsFor(job, PYTHON).map(({ kind }) => kind);

test("a build fetches, makes an environment, builds, and keeps the wheel", () => {
  const work = {
    kind: "build",
    source: blob("pkg-1.0.tar.gz"),
    candidate: CANDIDATE,
    configSettings: {},
    frontend: "pip",
    checkReproducible: false,
    wheel: null,
  } as const;
  expect(kinds({ ...JOB, work })).toEqual([
    "fetch-source",
    "make-environment",
    "build-wheel",
    "repair-wheel",
    "audit-wheel",
    "keep-wheel",
  ]);
});

test("a build against a PyTorch has it and the requirements before it, and a toolkit before all that", () => {
  const torch = { version: "2.1.2", variant: "cu118" };
  const wheel: WheelWish = {
    kind: "native",
    torch,
    cuda: "11.8",
    index: "any",
    localVersion: "cu118torch2.1",
    cxx11Abi: "0",
    archList: ["8.0"],
    policy: null,
  };
  const work = {
    kind: "build",
    source: blob("pkg-1.0.tar.gz"),
    candidate: CANDIDATE,
    configSettings: {},
    frontend: "pip",
    checkReproducible: true,
    wheel,
  } as const;
  expect(kinds({ ...JOB, work })).toEqual([
    "fetch-source",
    "make-environment",
    "select-toolkit",
    "install-build-requires",
    "ask-backend",
    "install-backend-requires",
    "build-wheel",
    "rebuild-wheel",
    "set-local-version",
    "repair-wheel",
    "audit-wheel",
    "keep-wheel",
  ]);
  const cpu = { ...work, checkReproducible: false, wheel: { ...wheel, torch: null, cuda: null, localVersion: null } };
  expect(kinds({ ...JOB, work: cpu })).toEqual([
    "fetch-source",
    "make-environment",
    "build-wheel",
    "repair-wheel",
    "audit-wheel",
    "keep-wheel",
  ]);
  // The wheel's own index is another where it serves several variants.
  const installs = stepsFor({ ...JOB, work }, PYTHON).filter((step) => step.kind === "install-build-requires");
  expect(installs).toMatchObject([{ variant: "cu118", torch }]);
});

test("an import check needs no source", () => {
  expect(kinds({ ...JOB, work: TEST })).toEqual(["fetch-wheel", "make-environment", "install-wheel", "check-imports"]);
});

test("a check works on the source, a scan on the wheel, each after what it requires", () => {
  const check = { kind: "command", command: "ruff check", source: blob("pkg-1.0.tar.gz"), files: ["."] } as const;
  const onSource = { kind: "command", check, requires: ["ruff"], wheel: null } as const;
  expect(kinds({ ...JOB, work: onSource })).toEqual([
    "fetch-source",
    "make-environment",
    "install-requires",
    "run-command",
  ]);
  const wheel = blob("pkg-1.0-py3-none-any.whl");
  const onWheel = { kind: "command", check: { ...check, files: [] }, requires: [], wheel } as const;
  expect(kinds({ ...JOB, work: onWheel })).toEqual(["fetch-wheel", "make-environment", "run-command"]);
});

test("a test command fetches the source only for the files that it names", () => {
  const check = { kind: "command", command: "pytest", source: blob("pkg-1.0.tar.gz"), files: [] as string[] } as const;
  const rest = ["fetch-wheel", "make-environment", "install-wheel", "run-tests"];
  expect(kinds({ ...JOB, work: { ...TEST, check } })).toEqual(rest);
  expect(kinds({ ...JOB, work: { ...TEST, check: { ...check, files: ["tests"] } } })).toEqual([
    "fetch-source",
    ...rest,
  ]);
});

test("a test's install step says what it installs, from where, and beside what", () => {
  const torch = { version: "2.1.2", variant: "cu118" };
  const work = { ...TEST, index: "cu118", torch, requires: ["pytest"] };
  expect(stepsFor({ ...JOB, work }, PYTHON)[2]).toMatchObject({
    title: "install pkg and PyTorch 2.1.2 and what its test requires",
    index: "cu118",
    torch,
  });
});
