import { expect, test } from "vitest";
import { factsOfPkgInfo } from "./pkg-info.ts";
import { factsOfProject, type ProjectTexts } from "./project-files.ts";

function ofProject(texts: Partial<ProjectTexts>): readonly string[] | null | undefined {
  const result = factsOfProject({ pyproject: null, setupCfg: null, setupPy: null, pkgInfo: null, ...texts });
  return result.ok ? result.facts.requiresDist : undefined;
}

const HEAD = "Name: a\nVersion: 1\n";

test.each<[string, string, readonly string[] | null]>([
  [
    "stated",
    `Metadata-Version: 2.2\n${HEAD}Requires-Dist: torch==2.2.0\nRequires-Dist: b; extra == "x"\n`,
    ["torch==2.2.0", 'b; extra == "x"'],
  ],
  ["none", `Metadata-Version: 2.2\n${HEAD}`, []],
  ["declared dynamic (PEP 643)", `Metadata-Version: 2.2\nDynamic: Requires-Dist\n${HEAD}`, null],
  ["missing where the format cannot say that there are none", `Metadata-Version: 2.1\n${HEAD}`, null],
  ["stated in an older format", `Metadata-Version: 2.1\n${HEAD}Requires-Dist: b\n`, ["b"]],
])("dependencies of a PKG-INFO that are %s", (_, text, expected) => {
  expect(factsOfPkgInfo(text, "PKG-INFO")?.requiresDist).toEqual(expected);
});

test("pyproject.toml states them, unless it calls them dynamic (PEP 621)", () => {
  expect(ofProject({ pyproject: { project: { name: "a", dependencies: ["torch>=2"] } } })).toEqual(["torch>=2"]);
  expect(ofProject({ pyproject: { project: { name: "a" } } })).toEqual([]);
  expect(ofProject({ pyproject: { project: { name: "a", dynamic: ["dependencies"] } } })).toBeNull();
});

test("an unpacked sdist states what its pyproject.toml calls dynamic", () => {
  const pyproject = { project: { name: "a", dynamic: ["dependencies"] } };
  const pkgInfo = factsOfPkgInfo(`Metadata-Version: 2.2\n${HEAD}Requires-Dist: torch\n`, "PKG-INFO");
  expect(ofProject({ pyproject, pkgInfo })).toEqual(["torch"]);
});

test("setup.cfg and setup.py state them as literals, on lines or after each other", () => {
  const cfg =
    "[metadata]\nname = a\n[options]\ninstall_requires =\n    torch>=2.0  # why\n    b; python_version < '3.9'\n";
  expect(ofProject({ setupCfg: cfg })).toEqual(["torch>=2.0", "b; python_version < '3.9'"]);
  expect(ofProject({ setupCfg: "[metadata]\nname = a\n[options]\ninstall_requires = b; c\n" })).toEqual(["b", "c"]);
  expect(ofProject({ setupCfg: "[metadata]\nname = a\n[options]\ninstall_requires = file: r.txt\n" })).toBeNull();
  expect(ofProject({ setupPy: "setup(name='a', install_requires=['torch'])" })).toEqual(["torch"]);
  expect(ofProject({ setupPy: "setup(name='a', install_requires=read())" })).toBeNull();
  expect(ofProject({ setupCfg: "[metadata]\nname = a\n", setupPy: "setup(install_requires=['torch'])" })).toEqual([
    "torch",
  ]);
});
