import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { belongsTo, parseDistribution } from "./distribution-name.ts";
import { isProjectName, normalName } from "./project-name.ts";

describe("a project's name", () => {
  it("has one normal spelling, which is its own (PEP 503)", () => {
    expect(["Hello_Native", "hello.native", "HELLO-._native"].map(normalName)).toEqual(
      Array.from({ length: 3 }, () => "hello-native"),
    );
    const names = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?$/);
    fc.assert(fc.property(names, (name) => normalName(normalName(name)) === normalName(name) && isProjectName(name)));
  });

  it.each(["", "-demo", "demo-", "de mo", "../demo", "démo", "d".repeat(201), "demo/evil"])("is not %j", (name) => {
    expect(isProjectName(name)).toBe(false);
  });
});

describe("the name of a file that is to be staged", () => {
  it.each([
    ["demo-1.0-py3-none-any.whl", "wheel", "demo", "1.0"],
    [
      "Hello_Native-1.0-1build-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
      "wheel",
      "hello-native",
      "1.0",
    ],
    ["demo-2.1.0+cu118torch2.1-cp310-cp310-linux_x86_64.whl", "wheel", "demo", "2.1.0+cu118torch2.1"],
    ["demo-1!2.0rc1-py3-none-any.whl", "wheel", "demo", "1!2.0rc1"],
    ["hello_native-1.0.tar.gz", "sdist", "hello-native", "1.0"],
    ["demo-1.0.dev3.zip", "sdist", "demo", "1.0.dev3"],
  ])("%s says what it is", (filename, kind, project, version) => {
    expect(parseDistribution(filename)).toEqual({ kind, project, version });
  });

  it.each([
    "demo.whl",
    "demo-1.0.whl",
    "demo-one-py3-none-any.whl",
    "demo-1.0-b1-py3-none-any.whl",
    "demo-1.0-py3-none-any-x-y.whl",
    "../demo-1.0-py3-none-any.whl",
    "demo-1.0-py3-none-any.whl\u0000",
    "demo-1.0-py3-none-a ny.whl",
    "demo-1.0.tar.bz2",
    "demo-1.0.exe",
    "demo-.tar.gz",
    "-1.0.tar.gz",
    `${"d".repeat(250)}-1.0.tar.gz`,
  ])("%j is refused", (filename) => {
    expect(parseDistribution(filename)).toBeNull();
  });

  it("is never the project of another file name", () => {
    const text = fc.string({ unit: "binary-ascii", maxLength: 60 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const parsed = parseDistribution(`${a}-1.0${b}.whl`) ?? parseDistribution(`${a}-1.0${b}.tar.gz`);
        expect(parsed === null || isProjectName(parsed.project)).toBe(true);
      }),
    );
  });
});

describe("a file on another index's page", () => {
  it.each([
    ["demo-1.0-py3-none-any.whl", "demo", true],
    ["Demo.Pkg-1.0.tar.gz", "demo-pkg", true],
    ["demo-pkg-1.0-1.tar.bz2", "demo-pkg", true],
    ["zope.interface-7.2.tar.gz", "zope-interface", true],
    ["other-9.0-py3-none-any.whl", "demo", false],
    ["demo-extra-1.0.tar.gz", "demo", false],
    ["demo-1.0.exe", "demo", false],
    ["demo-1.0-py2.7.egg", "demo", false],
    ["a/demo-1.0.tar.gz", "demo", false],
  ])("%s can be of %s: %s", (filename, project, expected) => {
    expect(belongsTo(filename, project)).toBe(expected);
  });
});
