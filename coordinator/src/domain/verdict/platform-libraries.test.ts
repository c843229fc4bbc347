import type { PlannedWheel } from "@kiln/matrix";
import { expect, test } from "vitest";
import { foreignLibraries, glibcMinor } from "./platform-libraries.ts";

const WHEEL: PlannedWheel = {
  ...{ kind: "native", torch: null, index: null, localVersion: null, cxx11Abi: null, archList: [], policy: null },
};

test("libraries are foreign unless the policy or what the plan links them with brings them", () => {
  const needed = [
    "libc.so.6",
    "ld-linux-x86-64.so.2",
    "libtorch_cpu.so",
    "libc10.so",
    "libcudart.so.12",
    "libopenblas.so.0",
  ];
  expect(foreignLibraries(needed, WHEEL)).toEqual([
    "libtorch_cpu.so",
    "libc10.so",
    "libcudart.so.12",
    "libopenblas.so.0",
  ]);
  const cuda = { ...WHEEL, archList: ["9.0"] };
  expect(foreignLibraries(needed, cuda)).toEqual(["libtorch_cpu.so", "libc10.so", "libopenblas.so.0"]);
  const torch = { ...WHEEL, torch: { version: "2.9.0", variant: "cu126" } };
  expect(foreignLibraries(needed, torch)).toEqual(["libopenblas.so.0"]);
});

test("policies and tags stand for a glibc, by their new names and by their old ones", () => {
  const names = [
    "manylinux_2_28_x86_64",
    "manylinux_2_17",
    "manylinux2014_x86_64",
    "manylinux1",
    "musllinux_1_2",
    "any",
  ];
  expect(names.map(glibcMinor)).toEqual([28, 17, 17, 5, null, null]);
});
