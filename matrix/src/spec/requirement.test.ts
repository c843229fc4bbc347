import { describe, expect, test } from "vitest";
import { requirementMistake } from "./requirement.ts";

describe("requirementMistake", () => {
  test.for([
    "pytest",
    "pytest>=8",
    "pytest >= 8, < 9",
    "pytest==8.*",
    "requests[security,socks]>=2.8.1,==2.8.*",
    'requests [security] >= 2.8.1 ; python_version < "2.7"',
    "name (>=1.0)",
    "zope.interface~=6.0",
    "pip @ https://example.invalid/pip.zip#sha1=da9234ee",
    'pip @ https://example.invalid/a;b.zip ; python_version < "3.11"',
    "tool @ git+https://example.invalid/tool.git@v1",
    "numpy===1.0-custom",
  ])("%s is a requirement", (text) => {
    expect(requirementMistake(text)).toBeNull();
  });

  test.for([
    ["-r requirements.txt", "option of pip"],
    ["--index-url=https://example.invalid", "option of pip"],
    ["./local", "name of a project"],
    ["pytest=8", "version specifier"],
    ["pytest 8", "version specifier"],
    ["pytest>=8;", "no marker"],
    ["pytest[a b]", "extras"],
    ["pytest[]", "extras"],
    ["pytest @ nowhere", "no URL"],
    ["pytest>=eight", "version specifier"],
    ["pytest, numpy", "version specifier"],
  ] as const)("%s is refused: %s", ([text, why]) => {
    expect(requirementMistake(text)?.message).toContain(why);
  });

  test("a version without an operator is suggested with one", () => {
    expect(requirementMistake("pytest 8.1")?.suggestion).toContain("pytest==8.1");
    expect(requirementMistake("pytest=8.1")?.suggestion).toContain("pytest==8.1");
  });
});
