import { expect, test } from "vitest";
import { judgePython, type PythonFacts } from "./python-probe.ts";

const SOUND: PythonFacts = {
  implementation: "cpython",
  version: "3.12.1",
  isFreeThreaded: false,
  platform: "linux-x86_64",
  machine: "x86_64",
  isVirtual: false,
  missing: [],
  pipWheel: "/lib/pip-24.0-py3-none-any.whl",
};
const judge = (changes: Partial<PythonFacts>) => judgePython("/python", "path", { ...SOUND, ...changes });

test.each([
  [{}, "3.12", "linux-x86_64"],
  [{ version: "3.13.0", isFreeThreaded: true }, "3.13t", "linux-x86_64"],
  [{ platform: "linux-aarch64", machine: "aarch64" }, "3.12", "linux-aarch64"],
  [{ platform: "macosx-11.0-arm64", machine: "arm64" }, "3.12", "macos-arm64"],
  [{ platform: "macosx-10.9-universal2", machine: "arm64" }, "3.12", "macos-arm64"],
  [{ platform: "win-amd64", machine: "AMD64" }, "3.12", "windows-x86_64"],
] as const)("%o is usable as %s on %s", (changes, feature, platform) => {
  expect(judge(changes)).toMatchObject({ kind: "usable", interpreter: { feature, platform, path: "/python" } });
});

test.each([
  [{ version: "2.7.18" }, "older"],
  [{ version: "3.7.17", pipWheel: "" }, "older"],
  [{ implementation: "pypy" }, "other"],
  [{ isVirtual: true }, "other"],
] as const)("%o is %s", (changes, kind) => {
  expect(judge(changes).kind).toBe(kind);
});

test("a Python without venv or ensurepip is a problem that says what to install", () => {
  for (const changes of [{ missing: ["ensurepip"] }, { missing: ["venv", "ensurepip"] }, { pipWheel: "" }]) {
    expect(judge({ ...changes, version: "3.11.2" })).toMatchObject({
      kind: "problem",
      message: expect.stringContaining("apt install python3.11-venv"),
    });
  }
});

test("a Python built without ssl is a problem that says so", () => {
  expect(judge({ missing: ["ssl"] })).toMatchObject({
    kind: "problem",
    message: expect.stringContaining("without ssl"),
  });
});

test("a 32-bit Python is a problem, not a cell", () => {
  expect(judge({ platform: "win32" })).toMatchObject({ kind: "problem", message: expect.stringContaining("win32") });
});
