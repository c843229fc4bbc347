import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { parsePythons, SEARCH_ARGV } from "./image-pythons.ts";

const facts = {
  implementation: "cpython",
  version: "3.12.4",
  isFreeThreaded: false,
  platform: "linux-x86_64",
  machine: "x86_64",
  isVirtual: false,
  missing: [] as string[],
  pipWheel: "/p/pip-24.0-py3-none-any.whl",
};
const part = (path: string, answer: string): string => `\n[kiln-python] ${path}\n${answer}\n`;

test("what answers as a usable CPython is listed, what does not says why", () => {
  const output =
    part("/opt/_internal/cpython-3.12.4/bin/python3.12", JSON.stringify(facts)) +
    part("/opt/_internal/pypy/bin/python3", JSON.stringify({ ...facts, implementation: "pypy" })) +
    part("/usr/bin/python3.11", JSON.stringify({ ...facts, version: "3.11.2", missing: ["venv"], pipWheel: "" })) +
    part("/usr/bin/python3.6", "Segmentation fault");
  const { pythons, problems } = parsePythons(output);
  expect(pythons).toMatchObject([
    { feature: "3.12", foundBy: "image", path: "/opt/_internal/cpython-3.12.4/bin/python3.12" },
  ]);
  expect(problems).toHaveLength(2);
  expect(problems[0]).toContain("apt install python3.11-venv");
  expect(problems[1]).toBe("/usr/bin/python3.6: it does not run as a Python");
});

test.skipIf(process.platform === "win32")("the search runs in any POSIX shell and asks each interpreter once", () => {
  const { stdout, status } = spawnSync(SEARCH_ARGV[0], SEARCH_ARGV.slice(1), { encoding: "utf8" });
  expect(status).toBe(0);
  const paths = stdout.split("\n").filter((line) => line.startsWith("[kiln-python] "));
  expect(new Set(paths).size).toBe(paths.length);
  const { pythons, problems } = parsePythons(stdout);
  expect(pythons.length + problems.length).toBeLessThanOrEqual(paths.length);
});
