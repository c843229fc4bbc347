import { expect, test } from "vitest";
import { CliError } from "../program/cli-error.ts";
import { parseSourceArgument } from "./argument.ts";

test.each([
  ["pypi:markupsafe==3.0.2", { kind: "release", name: "markupsafe", version: "3.0.2" }],
  ["pypi:zope.interface == 7.2", { kind: "release", name: "zope.interface", version: "7.2" }],
  ["PyPI:lz4==4.3.3.post1", { kind: "release", name: "lz4", version: "4.3.3.post1" }],
  ["./pypi", { kind: "path", path: "./pypi" }],
  ["dist/a-1.0.tar.gz", { kind: "path", path: "dist/a-1.0.tar.gz" }],
])("%s names its source", (text, expected) => {
  expect(parseSourceArgument(text)).toEqual(expected);
});

test.each([
  ["pypi:lz4", '"pypi:lz4" names no version.', "Write pypi:lz4==VERSION, with the one version to test."],
  ["pypi:lz4>=4", '"pypi:lz4>=4" asks for ">=4", which is not one exact version.', "Write pypi:lz4==VERSION"],
  ["pypi:lz4~=4.0", "not one exact version", "Write pypi:lz4==VERSION"],
  ["pypi:lz4===4.0", "not one exact version", "Write pypi:lz4==VERSION"],
  ["pypi:lz4==4.0,!=4.1", "not one exact version", "Write pypi:lz4==VERSION"],
  ["pypi:lz4==4.*", "matches many versions", "Write pypi:lz4==VERSION"],
  ["pypi:lz4[tests]==4.0", "has extras, which belong into kiln.yaml", "test: { extras: [tests] }"],
  ["pypi:==4.0", "names no project", "Write pypi:NAME==VERSION."],
  ["pypi:-x==4.0", "names no project", "Write pypi:NAME==VERSION."],
])("%s is refused with what to write instead", (text, message, advice) => {
  const error = catchError(() => parseSourceArgument(text));
  expect(error.message).toContain(message);
  expect(error.advice).toContain(advice);
  expect(error.exitCode).toBe(64);
});

function catchError(run: () => unknown): CliError {
  try {
    run();
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
