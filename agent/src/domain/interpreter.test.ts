import { expect, test } from "vitest";
import { pickInterpreter, type Interpreter } from "./interpreter.ts";

const python = (feature: string, version: string, path: string): Interpreter => ({
  feature,
  version,
  path,
  foundBy: "path",
  platform: "linux-x86_64",
  pipWheel: "/pip.whl",
});

test("the newest patch release is picked, by number, and among equals the first found", () => {
  const all = [
    python("3.11", "3.11.9", "/a"),
    python("3.11", "3.11.10", "/b"),
    python("3.11", "3.11.10", "/c"),
    python("3.12", "3.12.1", "/d"),
  ];
  expect(pickInterpreter(all, "3.11")?.path).toBe("/b");
});

test("a free-threaded Python is another Python", () => {
  const all = [python("3.13", "3.13.0", "/gil"), python("3.13t", "3.13.1", "/free")];
  expect(pickInterpreter(all, "3.13")?.path).toBe("/gil");
  expect(pickInterpreter(all, "3.13t")?.path).toBe("/free");
  expect(pickInterpreter(all, "3.14")).toBeNull();
});
