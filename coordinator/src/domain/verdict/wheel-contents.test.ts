import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { contentsOf, metadataOf, sbomsOf, type OpenedWheel } from "./wheel-contents.ts";

const ARTIFACT = { file: "demo-1.0-py3-none-any.whl", sha256: "1".repeat(64), cell: null };

/** A wheel of these texts, with a RECORD of its own unless one is given. */
function opened(texts: Readonly<Record<string, string>>, record?: string): OpenedWheel {
  const digests = new Map(
    Object.entries(texts).map(([path, text]) => [path, createHash("sha256").update(text).digest("base64url")]),
  );
  const own = [...digests].map(([path, digest]) => `${path},sha256=${digest},1\n`).join("");
  const all = { ...texts, "demo-1.0.dist-info/RECORD": record ?? `${own}demo-1.0.dist-info/RECORD,,\n` };
  return {
    paths: Object.keys(all),
    files: new Map(Object.entries(all).map(([path, text]) => [path, Buffer.from(text)])),
    digests,
  };
}

const metadata = (lines: string) => ({
  "demo-1.0.dist-info/METADATA": `Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n${lines}`,
});

describe("the contents of a wheel", () => {
  test("are its top-levels and extension modules, without what a repair brought", () => {
    const wheel = opened({
      "demo/__init__.py": "",
      "demo/_C.cpython-312-x86_64-linux-gnu.so": "",
      "single.py": "",
      "_fast.abi3.so": "",
      "demo.libs/libgomp-1234.so.1.0": "",
      "demo.libs/libx.so": "",
      "demo-1.0.data/purelib/extra/a.py": "",
      "demo-1.0.data/scripts/run": "",
    });
    const { topLevels, extensions, recordProblems } = contentsOf(ARTIFACT, wheel);
    expect(topLevels).toEqual(["demo", "single", "_fast", "extra"]);
    expect(extensions).toEqual(["demo/_C.cpython-312-x86_64-linux-gnu.so", "_fast.abi3.so"]);
    expect(recordProblems).toEqual([]);
  });

  test.for([
    ["a.py,sha256=AAAA,1\n", ["a.py has other bytes", "demo-1.0.dist-info/METADATA has no hash"]],
    ["a.py,md5=AAAA,1\n", ["a.py has a hash that is not SHA-256", "demo-1.0.dist-info/METADATA has no hash"]],
    ["a.py\n", ["its RECORD cannot be read"]],
    [
      "gone.py,sha256=AAAA,1\n",
      ["a.py has no hash", "demo-1.0.dist-info/METADATA has no hash", "gone.py is not there"],
    ],
  ] as const)("do not hold with the RECORD %o", ([record, problems]) => {
    expect(contentsOf(ARTIFACT, opened({ "a.py": "", ...metadata("") }, record)).recordProblems).toEqual(problems);
  });

  test("were not checked where the files were not hashed", () => {
    expect(contentsOf(ARTIFACT, { ...opened({}), digests: null }).recordProblems).toBeNull();
  });

  test("have entry points that lead to a module of it, to a namespace, or to another package", () => {
    const points =
      "[console_scripts]\nok = demo.cli:main\nspace = demo.name:x [extra]\nfar = other.cli:main\nbad = demo.gone:main\n# x = demo.no:y\n";
    const wheel = opened({ "demo/cli.py": "", "demo/name/a.py": "", "demo-1.0.dist-info/entry_points.txt": points });
    expect(contentsOf(ARTIFACT, wheel).entryPointsBroken).toEqual(["bad (no module demo.gone)"]);
  });
});

describe("the metadata of a wheel", () => {
  test.for([
    ["Description-Content-Type: text/markdown; charset=UTF-8\n\n# Demo\n", true],
    ["Description-Content-Type: text/x-rst\n\nDemo\n====\n", null],
    ["\nA text without a type is reStructuredText.\n", null],
    ["\n", true],
  ] as const)("%o has a README that renders: %o", ([lines, renders]) => {
    expect(metadataOf(ARTIFACT, opened(metadata(lines)), null).readmeRenders).toBe(renders);
    expect(metadataOf(ARTIFACT, opened(metadata(lines)), false).readmeRenders).toBe(false);
  });

  test("gives classifiers, licence and requires-python, and what is wrong with it", () => {
    const lines = "Requires-Python: >=3.9\nLicense-Expression: MIT\nClassifier: A\nClassifier: B\n\n";
    expect(metadataOf(ARTIFACT, opened(metadata(lines)), null)).toMatchObject({
      ...{ requiresPython: ">=3.9", licenseExpression: "MIT", classifiers: ["A", "B"], problems: [] },
    });
    const twice = metadataOf(ARTIFACT, opened(metadata("Name: other\n\n")), null);
    expect(twice.problems).toEqual(['its METADATA has 2 "name"']);
  });
});

test("SBOMs in a wheel are told by their format, with what they list", () => {
  const sboms = {
    "demo-1.0.dist-info/sboms/a.cdx.json": '{"bomFormat":"CycloneDX","components":[{},{}]}',
    "demo-1.0.dist-info/sboms/b.json": "no",
  };
  expect(
    sbomsOf(ARTIFACT, opened(sboms)).map(({ format, components, inWheel }) => [format, components, inWheel]),
  ).toEqual([
    ["CycloneDX", 2, true],
    ["unknown", 0, true],
  ]);
});
