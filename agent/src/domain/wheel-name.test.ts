import { describe, expect, test } from "vitest";
import { normalName, parseWheelName, sameVersion, wheelMismatch } from "./wheel-name.ts";

describe("the name of a wheel", () => {
  test.each([
    ["markupsafe-3.0.2-cp312-cp312-linux_x86_64.whl", { name: "markupsafe", version: "3.0.2" }],
    ["a_b.c-1.0+cu118-1build2-py3-none-any.whl", { name: "a_b.c", version: "1.0+cu118" }],
  ])("%s says what it holds", (filename, parsed) => {
    expect(parseWheelName(filename)).toEqual(parsed);
  });

  test.each(["x.tar.gz", "x-1.0-py3-none.whl", "../x-1.0-py3-none-any.whl", "x-1.0-b-py3-none-any.whl", ""])(
    "%o is none",
    (name) => {
      expect(parseWheelName(name)).toBeNull();
    },
  );
});

test("names that PEP 503 makes one are one", () => {
  expect(["Foo.Bar", "foo_bar", "FOO--bar", "foo-._bar"].map(normalName)).toEqual(Array(4).fill("foo-bar"));
});

test.each([
  ["1.0", "1.0.0", true],
  ["1.0rc1", "1.0.c1", true],
  ["v2.0-1", "2.0.post1", true],
  ["1.0", "1.0+local", false],
  ["1.0", "1.0.1", false],
  ["not a version", "not a version", true],
  ["not a version", "1.0", false],
  ["1.0+CU118_torch2.1", "1.0+cu118.torch2.1", true],
  ["1.0+cu118", "1.0", false],
])("%o and %o are the same version: %o", (a, b, same) => {
  expect(sameVersion(a, b)).toBe(same);
});

describe("a wheel beside its candidate", () => {
  test("agrees in normal form, and when the candidate has no version", () => {
    expect(wheelMismatch("my_pkg-1.0.0-py3-none-any.whl", { name: "My.Pkg", version: "1.0" })).toBeNull();
    expect(wheelMismatch("my_pkg-7-py3-none-any.whl", { name: "my-pkg", version: null })).toBeNull();
  });

  test("differs with a sentence that names both", () => {
    const made = "my_pkg-1.1-py3-none-any.whl";
    expect(wheelMismatch(made, { name: "my-pkg", version: "1.0" })).toBe(
      "the build made my-pkg 1.1, but the candidate is my-pkg 1.0: their versions differ",
    );
    expect(wheelMismatch(made, { name: "other", version: "1.1" })).toBe(
      "the build made my-pkg 1.1, but the candidate is other 1.1: their names differ",
    );
  });
});
