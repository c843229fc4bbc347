import { expect, test } from "vitest";
import { orphansOf, parseProcesses, type WindowsProcess } from "./windows-orphans.ts";

const AT = 1_790_000_000_000;
const of = (pid: number, parentPid: number, afterMs: number): WindowsProcess => ({
  pid,
  parentPid,
  createdMs: AT + afterMs,
});

test("what a job's process left running is found though that process is gone", () => {
  const processes = [of(4, 0, -9e6), of(20, 10, 100), of(30, 20, 200), of(40, 4, 150)];
  expect(orphansOf(processes, [{ pid: 10, startedMs: AT }]).map(({ pid }) => pid)).toEqual([20, 30]);
});

test("a process that has the number of a job's process now is let be, with what it started before", () => {
  const processes = [of(10, 4, 600_000), of(50, 10, -50_000)];
  expect(orphansOf(processes, [{ pid: 10, startedMs: AT }])).toEqual([]);
  expect(orphansOf([of(10, 4, 20)], [{ pid: 10, startedMs: AT }]).map(({ pid }) => pid)).toEqual([10]);
});

test("a child older than what is taken for its parent is none of it", () => {
  const processes = [of(20, 10, 100), of(30, 20, -8_000)];
  expect(orphansOf(processes, [{ pid: 10, startedMs: AT }]).map(({ pid }) => pid)).toEqual([20]);
});

test("a list with anything else in it is no list", () => {
  expect(parseProcesses(`4,0,${AT}\r\n10,4,${AT}\r\n`)).toEqual([of(4, 0, 0), of(10, 4, 0)]);
  expect(parseProcesses("")).toBeNull();
  expect(parseProcesses("Get-CimInstance : Access denied\r\n4,0,1")).toBeNull();
});
