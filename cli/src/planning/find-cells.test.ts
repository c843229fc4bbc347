import { expect, test } from "vitest";
import { resnetPlan } from "../testing/plans.ts";
import { findCells } from "./find-cells.ts";

test.each<[string, number | null]>([
  ["torch 2.0 cuda 12.1 python 3.8", 6],
  ["torch=2.0, python=3.8, os=ubuntu-22.04, cuda=cpu", 1],
  ["macos-14 cpu", 12],
  ["cp38 cu118 torch2.0.1 windows", 2],
  ["ubuntu-22.04", 36],
  ["3.8", 54],
  ["python 2.7", 0],
  ["nonsense", null],
  ["", null],
])("%j fits %s cells", (words, expected) => {
  const found = findCells(resnetPlan(), words);
  expect(found?.length ?? null).toBe(expected);
});
