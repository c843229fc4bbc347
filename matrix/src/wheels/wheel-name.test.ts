import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatWheelName, parseWheelName, type WheelName } from "./wheel-name.ts";

function wheelOf(file: string): WheelName {
  const read = parseWheelName(file);
  if (!read.ok) throw new Error(`${file} ${read.problem}`);
  return read.wheel;
}

function problemOf(file: string): string {
  const read = parseWheelName(file);
  return read.ok ? "" : read.problem;
}

describe("names of wheels", () => {
  test("the example of PEP 427 is read part by part", () => {
    expect(wheelOf("distribution-1.0-1-py27-none-any.whl")).toEqual({
      kind: "wheel",
      file: "distribution-1.0-1-py27-none-any.whl",
      name: "distribution",
      version: "1.0",
      build: { number: 1, text: "" },
      pythons: ["py27"],
      abis: ["none"],
      platforms: ["any"],
      deviations: [],
    });
  });

  test("a compressed set is all of its tags (PEP 425)", () => {
    const wheel = wheelOf("six-1.16.0-py2.py3-none-any.whl");
    expect(wheel.pythons).toEqual(["py2", "py3"]);
    const many = wheelOf("numpy-2.0.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
    expect(many.platforms).toEqual(["manylinux_2_17_x86_64", "manylinux2014_x86_64"]);
  });

  test("a build tag is a number, and text after it", () => {
    expect(wheelOf("demo-1.0-10-py3-none-any.whl").build).toEqual({ number: 10, text: "" });
    expect(wheelOf("demo-1.0-2cu118-py3-none-any.whl").build).toEqual({ number: 2, text: "cu118" });
    expect(wheelOf("demo-1.0-py3-none-any.whl").build).toBeNull();
  });

  test("a local version and an epoch are part of the version", () => {
    expect(wheelOf("demo-1!1.0+cu121torch2.1-py3-none-any.whl").version).toBe("1!1.0+cu121torch2.1");
  });

  test("what is escaped otherwise than the standard says is read, and said", () => {
    const wheel = wheelOf("My.Demo_x-v1.0-py3-none-any.whl");
    expect([wheel.name, wheel.version]).toEqual(["my-demo-x", "1.0"]);
    expect(wheel.deviations).toEqual(["the name is My.Demo_x, not my_demo_x", "the version is v1.0, not 1.0"]);
  });

  test.for([
    ["demo-1.0.tar.gz", "does not end with .whl"],
    ["demo-1.0-py3-none-any.WHL", "does not end with .whl"],
    ["demo-1.0-py3-none.whl", "has 4 parts between hyphens, not 5 or 6"],
    ["my-demo-1.0-1-py3-none-any.whl", "has 7 parts between hyphens, not 5 or 6"],
    ["-1.0-py3-none-any.whl", "has no project name"],
    ["dem@-1.0-py3-none-any.whl", 'has a project name with other characters than A-Z, a-z, 0-9, "_" and "."'],
    ["de__mo-1.0-py3-none-any.whl", "has two underscores in a row in the project name, which pip refuses"],
    ["_demo-1.0-py3-none-any.whl", "has a project name that does not begin and end with a letter or digit"],
    ["demo--py3-none-any.whl", "has no version"],
    ["demo-one-py3-none-any.whl", "has a version that PEP 440 does not know: one"],
    ["demo-1.0_1-py3-none-any.whl", "has a version that PEP 440 does not know: 1.0_1"],
    ["demo-1.0-x1-py3-none-any.whl", "has a build tag that does not begin with a digit: x1"],
    ["demo-1.0--py3-none-any.whl", "has an empty build tag"],
    ["demo-1.0-1234567890123456-py3-none-any.whl", "has a build number of more than 15 digits"],
    ["demo-1.0-1+2-py3-none-any.whl", "has a build tag with other characters"],
    ["demo-1.0--none-any.whl", "has no Python tag"],
    ["demo-1.0-py3--any.whl", "has no ABI tag"],
    ["demo-1.0-py3-none-.whl", "has no platform tag"],
    ["demo-1.0-py2..py3-none-any.whl", "has an empty Python tag: py2..py3"],
    ["demo-1.0-3py-none-any.whl", "has a Python tag that is none: 3py"],
    ["demo-1.0-py3-none-win amd64.whl", "has a platform tag that is none: win amd64"],
    ["demo-1.0-CP312-cp312-any.whl", "has a Python tag in capital letters, which uv passes over"],
    [`demo-1.0-py3-none-${"a".repeat(255)}.whl`, "is longer than 255 characters"],
  ] as const)("%s: %s", ([file, problem]) => {
    expect(problemOf(file).startsWith(problem), problemOf(file)).toBe(true);
  });
});

const word = fc.stringMatching(/^[a-z0-9]{1,6}$/);
const tagSet = (tags: readonly string[]): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...tags), { minLength: 1, maxLength: 3 });
const wheel = fc.record({
  name: fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join("-")),
  version: fc.constantFrom("1.0", "0", "2.1.0rc1", "1!3.post2.dev1", "1.0+cu118", "1.0+cu121.torch2.1", "1.0+1e5"),
  build: fc.option(fc.record({ number: fc.nat(), text: fc.constantFrom("", "cu118", "_a.b") })),
  pythons: tagSet(["py2", "py3", "cp39", "cp312", "cp313"]),
  abis: tagSet(["none", "abi3", "cp312", "cp313t"]),
  platforms: tagSet(["any", "win_amd64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "macosx_11_0_arm64"]),
});

test("what is formatted is read back as it was, and what is read back is formatted the same", () => {
  fc.assert(
    fc.property(wheel, (wheel) => {
      const file = formatWheelName(wheel);
      const read = wheelOf(file);
      expect(read).toEqual({ kind: "wheel", file, ...wheel, deviations: [] });
      expect(formatWheelName(read)).toBe(file);
    }),
  );
});

test("any text is read or refused with a reason", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.stringMatching(/^[-a-zA-Z0-9_.+!]{0,60}$/), (text, likely) => {
      for (const file of [text, `${text}.whl`, `${likely}.whl`]) {
        const read = parseWheelName(file);
        expect(read.ok || read.problem !== "").toBe(true);
      }
    }),
  );
});
