import { expect, test } from "vitest";
import { environmentOf, environmentWords } from "./wheel-environment.ts";

test.for([
  ["ubuntu-22.04", { kind: "glibc", arch: "x86_64", version: "2.35" }],
  ["ubuntu-22.04-aarch64", { kind: "glibc", arch: "aarch64", version: "2.35" }],
  ["rhel-8", { kind: "glibc", arch: "x86_64", version: "2.28" }],
  ["alpine-3.20", { kind: "musl", arch: "x86_64", version: "1.2" }],
  ["macos-14", { kind: "macos", arch: "arm64", version: "14" }],
  ["macos-13-x86_64", { kind: "macos", arch: "x86_64", version: "13" }],
  ["windows-11", { kind: "windows", arch: "x86_64" }],
  ["linux-x86_64", { kind: "glibc", arch: "x86_64", version: "2.28" }],
  ["macos-arm64", { kind: "macos", arch: "arm64", version: "14" }],
] as const)("a cell on %s takes wheels as %j", ([os, system]) => {
  expect(environmentOf({ os, python: "3.12" })).toEqual({ python: "3.12", system });
});

test("what a generic platform stands for can be said", () => {
  const generic = { glibc: "2.17", macos: "11" };
  expect(environmentOf({ os: "linux-aarch64", python: "3.13t" }, generic)?.system).toEqual({
    kind: "glibc",
    arch: "aarch64",
    version: "2.17",
  });
  expect(environmentOf({ os: "macos-x86_64", python: "3.12" }, generic)?.system).toMatchObject({ version: "11" });
  expect(environmentOf({ os: "ubuntu-22.04", python: "3.12" }, generic)?.system).toMatchObject({ version: "2.35" });
});

test("a system or Python that Kiln does not know has no environment", () => {
  expect(environmentOf({ os: "plan9", python: "3.12" })).toBeNull();
  expect(environmentOf({ os: "ubuntu-22.04", python: "pypy3.10" })).toBeNull();
});

test("an environment is told in words", () => {
  const words = (os: string): string => environmentWords(environmentOf({ os, python: "3.13t" })!);
  expect(words("ubuntu-22.04")).toBe("CPython 3.13t on Linux x86_64 with glibc 2.35");
  expect(words("macos-14")).toBe("CPython 3.13t on macOS 14 arm64");
  expect(words("windows-11")).toBe("CPython 3.13t on Windows x86_64");
});
