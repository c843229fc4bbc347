import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { job as wire } from "@kiln/proto";
import { expect, test } from "vitest";
import { parseAssignment } from "./parse-assignment.ts";

const blob = { sha256: "a".repeat(64), sizeBytes: 12n, filename: "pkg-1.0.tar.gz" };
const JOB: MessageInitShape<typeof wire.JobSpecSchema> = {
  name: "build-cp312-linux-x86_64",
  python: "3.12",
  env: { A: "b" },
  limits: { timeoutMs: 1_000, logBytesMax: 5n },
  work: { case: "build", value: { source: blob, candidate: { name: "pkg" }, configSettings: { x: "y" } } },
};
const parse = (attempt: MessageInitShape<typeof wire.AttemptRefSchema>, job: typeof JOB) =>
  parseAssignment(create(wire.AssignmentSchema, { attempt, job }));

test("a build is parsed; a version that is not known is null", () => {
  expect(parse({ run: 1, attempt: 1 }, JOB)).toEqual({
    ok: true,
    assignment: {
      ref: { run: 1, job: 0, attempt: 1 },
      job: {
        name: "build-cp312-linux-x86_64",
        python: "3.12",
        env: { A: "b" },
        limits: { timeoutMs: 1_000, logBytesMax: 5 },
        work: {
          kind: "build",
          source: { sha256: "a".repeat(64), sizeBytes: 12, filename: "pkg-1.0.tar.gz" },
          candidate: { name: "pkg", version: null },
          configSettings: { x: "y" },
          frontend: "pip",
          checkReproducible: false,
          wheel: null,
        },
      },
    },
  });
});

test("what a build promises is parsed; what is empty is null", () => {
  const torch = { version: "2.1.2", variant: "cu118" };
  const archList = ["8.0", "9.0+PTX"];
  const asked = { kind: wire.WheelKind.ABI3, torch, cuda: "11.8", index: "cu118", cxx11Abi: "0", archList };
  const work = { case: "build", value: { source: blob, candidate: { name: "pkg" }, wheel: asked } } as const;
  expect(parse({ run: 1, attempt: 1 }, { ...JOB, work })).toMatchObject({
    ok: true,
    assignment: {
      job: {
        work: {
          wheel: {
            kind: "abi3",
            torch,
            cuda: "11.8",
            index: "cu118",
            localVersion: null,
            cxx11Abi: "0",
            archList,
            policy: null,
          },
        },
      },
    },
  });
});

const BROKEN_PROMISES: readonly (readonly [MessageInitShape<typeof wire.WheelWishSchema>])[] = [
  [{ index: "../x" }],
  [{ index: "" }],
  [{ index: "any", torch: { version: "2.1" } }],
  [{ index: "any", kind: 9 as wire.WheelKind }],
];

test.each(BROKEN_PROMISES)("a promise that cannot be kept is refused: %j", (wheel) => {
  const work = { case: "build", value: { source: blob, candidate: { name: "pkg" }, wheel } } as const;
  expect(parse({ run: 1, attempt: 1 }, { ...JOB, work }).ok).toBe(false);
});

test.each<[MessageInitShape<typeof wire.ContainerSchema>, object]>([
  [{}, { network: "none" }],
  [
    { image: "debian:12", network: wire.ContainerNetwork.NONE },
    { image: "debian:12", network: "none" },
  ],
  [
    { manylinux: "manylinux_2_28", network: wire.ContainerNetwork.OPEN },
    { manylinux: "manylinux_2_28", network: "open" },
  ],
])("what a job asks of its container is parsed: %j", (container, wish) => {
  const parsed = parse({ run: 1, attempt: 1 }, { ...JOB, container });
  expect(parsed.ok && parsed.assignment.job.container).toEqual(wish);
});

test("a test command is parsed", () => {
  const check = { case: "command" as const, value: { command: "pytest", source: blob, files: ["tests"] } };
  const value = { wheel: blob, candidate: { name: "pkg", version: "1" }, extras: ["a"], requires: ["b"], check };
  const parsed = parse({ run: 1, attempt: 2 }, { ...JOB, work: { case: "test", value } });
  expect(parsed).toMatchObject({
    ok: true,
    assignment: { job: { work: { kind: "test", extras: ["a"], check: { kind: "command", files: ["tests"] } } } },
  });
});

test.each<[string, MessageInitShape<typeof wire.AttemptRefSchema>, typeof JOB]>([
  ["names no attempt", {}, JOB],
  [
    "asks for a network that this agent does not know",
    { run: 1, attempt: 1 },
    { ...JOB, container: { network: 9 as wire.ContainerNetwork } },
  ],
  ["has no time limit", { run: 1, attempt: 1 }, { ...JOB, limits: {} }],
  ["names no CPython", { run: 1, attempt: 1 }, { ...JOB, python: "pypy3" }],
  ["has no work", { run: 1, attempt: 1 }, { ...JOB, work: { case: undefined } }],
  [
    "file name",
    { run: 1, attempt: 1 },
    { ...JOB, work: { case: "build", value: { source: { ...blob, filename: "../x" }, candidate: { name: "p" } } } },
  ],
  [
    "has no digest",
    { run: 1, attempt: 1 },
    { ...JOB, work: { case: "build", value: { source: { ...blob, sha256: "A" }, candidate: { name: "p" } } } },
  ],
])("what %s is refused with a sentence that says so", (reason, attempt, job) => {
  expect(parse(attempt, job)).toEqual({ ok: false, message: expect.stringContaining(reason) });
});

test("a baseline is a wheel of the farm with its run, or a release of the index whose version is one", () => {
  const wheel = { ...blob, filename: "pkg-1.0-py3-none-any.whl" };
  const how = { case: "bench", value: { pairs: 6, results: "*.json" } } as const;
  const value = { wheel, candidate: { name: "pkg" }, command: "x", source: blob, index: "any", measure: how };
  const baselineOf = (baseline: MessageInitShape<typeof wire.BaselineSchema>) =>
    parse({ run: 1, attempt: 1 }, { ...JOB, work: { case: "measure", value: { ...value, baseline } } });
  expect(baselineOf({ version: "1.0", wheel, run: "r7", commit: "1a2b3c4" })).toMatchObject({
    assignment: { job: { work: { baseline: { kind: "wheel", version: "1.0", run: "r7", commit: "1a2b3c4" } } } },
  });
  expect(baselineOf({ sha256: "5".repeat(64) })).toMatchObject({
    assignment: { job: { work: { baseline: { kind: "index", version: null, sha256: "5".repeat(64) } } } },
  });
  expect(baselineOf({ version: "1.0 --index-url=x" })).toMatchObject({
    ok: false,
    message: expect.stringContaining("no version (PEP 440)") as string,
  });
});
