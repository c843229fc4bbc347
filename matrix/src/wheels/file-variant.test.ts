import { expect, test } from "vitest";
import { fileVariant, isForCuda, isForTorch } from "./file-variant.ts";

test.for([
  ["1.0", null, null],
  ["1.0+cu118", "11.8", null],
  ["1.0+cu92", "9.2", null],
  ["1.0+cu100", "10.0", null],
  ["1.0+cu130", "13.0", null],
  ["1.0+cu121torch2.1", "12.1", "2.1"],
  ["1.0+pt21cu118", "11.8", "2.1"],
  ["1.0+pt210cu126", "12.6", "2.10"],
  ["2.5+cu12torch2.6cxx11abiFALSE", "12", "2.6"],
  ["2.5+torch2.1.2.cu121", "12.1", "2.1.2"],
  ["1.0+cu12.4", "12.4", null],
  ["1.0+rocm6.0", "rocm6.0", null],
  ["1.0+rocm6.2.4", "rocm6.2.4", null],
  ["1.0+cpu", "cpu", null],
  ["1.0+cpu.cxx11.abi", "cpu", null],
  ["1.0+focus118", null, null],
  ["1.0+g1cpu2", "cpu", null],
  ["1.0+xcpu", null, null],
  ["1.0+20240101", null, null],
] as const)("%s names CUDA %s and torch %s", ([version, cuda, torch]) => {
  expect(fileVariant({ version, build: null })).toEqual({ cuda, torch });
});

test("without a local version the build tag is asked", () => {
  expect(fileVariant({ version: "1.0", build: { number: 1, text: "cu121" } }).cuda).toBe("12.1");
  expect(fileVariant({ version: "1.0+cpu", build: { number: 1, text: "cu121" } }).cuda).toBe("cpu");
});

test.for([
  ["12.1", "12.1", true],
  ["12.1", "11.8", false],
  ["12", "12.4", true],
  ["12", "11.8", false],
  ["cpu", "cpu", true],
  ["cpu", "12.1", false],
  ["12.1", "cpu", false],
  ["rocm6.0", "rocm6.0", true],
  ["rocm6.2", "rocm6.2.4", true],
  ["rocm6.0", "rocm5.7", false],
  ["rocm6.0", "6.0", false],
  ["11.8", "rocm11.8", false],
] as const)("a file for CUDA %s in a cell with %s: %s", ([named, wanted, expected]) => {
  expect(isForCuda(named, wanted)).toBe(expected);
});

test("a file for torch 2.1 is for each of its patch releases, and for no other", () => {
  expect(isForTorch("2.1", "2.1.2")).toBe(true);
  expect(isForTorch("2.1.2", "2.1.2")).toBe(true);
  expect(isForTorch("2.1", "2.10.0")).toBe(false);
  expect(isForTorch("2.1.1", "2.1.2")).toBe(false);
});
