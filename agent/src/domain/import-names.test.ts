import { expect, test } from "vitest";
import { importNames } from "./import-names.ts";

test.each([
  ["a package", ["pkg/__init__.py", "pkg/core.py", "pkg-1.0.dist-info/RECORD"], ["pkg"]],
  [
    "modules",
    ["six.py", "fast.cpython-312-x86_64-linux-gnu.so", "win.cp312-win_amd64.pyd", "abi.abi3.so"],
    ["abi", "fast", "six", "win"],
  ],
  ["a package beside its private extension", ["yaml/__init__.py", "_yaml/__init__.py", "_yaml.so"], ["yaml"]],
  ["nothing but private names", ["_speed.cpython-312-x86_64-linux-gnu.so"], ["_speed"]],
  ["tests installed by mistake", ["pkg/__init__.py", "tests/__init__.py", "examples/run.py"], ["pkg"]],
  ["a namespace of two packages", ["google/a/__init__.py", "google/b/c/__init__.py"], ["google.a", "google.b.c"]],
  ["a package that is a library of its own", ["pkg/__init__.cpython-312-x86_64-linux-gnu.so"], ["pkg"]],
  ["data, scripts and stubs", ["../../../bin/tool", "pkg-stubs/__init__.pyi", "x-1.data/y.py", "notes.txt"], []],
])("%s: what to import", (_, paths, names) => {
  expect(importNames(paths)).toEqual(names);
});
