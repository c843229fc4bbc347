import { existsSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@kiln/testkit";
import { expect, test } from "vitest";
import { OpenFiles } from "./open-files.ts";

test("a file that was given back and is made again under its own name is nobody else's later", () => {
  using folder = temporaryFolder();
  const path = (name: string): string => join(folder.path, name);
  const files = new OpenFiles(10);
  // As with a full disk: made, not written, given back, and made again when there is room.
  for (const name of ["a", "b", "c"]) files.create(path(name));
  for (const name of ["a", "b", "c"]) files.giveBack(path(name));
  for (const name of ["a", "c", "b"]) writeSync(files.create(path(name)), `of ${name}`);
  writeSync(files.create(path("d")), "of d");
  for (const name of ["a", "b", "c", "d"]) expect(readFileSync(path(name), "utf8")).toBe(`of ${name}`);
  files.closeAll();
});

test("files that are given back are used again, up to as many as may be open", () => {
  using folder = temporaryFolder();
  const path = (name: string): string => join(folder.path, name);
  const files = new OpenFiles(2);
  for (const name of ["a", "b", "c"]) {
    files.create(path(name));
    files.giveBack(path(name));
  }
  expect(readdirSync(folder.path)).toHaveLength(1);
  files.closeAll();
  expect(existsSync(path("c"))).toBe(false);
});
