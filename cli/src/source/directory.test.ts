import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../testing/temp-dir.ts";
import { readDirectory } from "./directory.ts";

async function read(files: Readonly<Record<string, string>>) {
  await using dir = await tempDir();
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir.path, name), text);
  return await readDirectory(dir.path);
}

test("pyproject.toml [project] wins over everything else", async () => {
  const { facts } = await read({
    "pyproject.toml": '[project]\nname = "a"\nversion = "1.2"\nrequires-python = ">=3.9"\n[tool.poetry]\nname = "b"\n',
    "setup.py": 'setup(name="c", version="3")',
  });
  expect(facts).toEqual({
    name: "a",
    version: "1.2",
    requiresPython: ">=3.9",
    requiresDist: [],
    factsFrom: "pyproject.toml [project]",
  });
});

test("a dynamic version is null, and its git-based tool is named", async () => {
  const { facts, versionFromGit } = await read({
    "pyproject.toml":
      '[build-system]\nrequires = ["setuptools", "setuptools_scm[toml]>=8"]\n[project]\nname = "a"\ndynamic = ["version"]\n',
  });
  expect(facts.version).toBeNull();
  expect(versionFromGit).toBe("setuptools_scm");
});

test("the PKG-INFO of an unpacked sdist states a dynamic version", async () => {
  const { facts } = await read({
    "pyproject.toml": '[project]\nname = "a"\ndynamic = ["version"]\n',
    "PKG-INFO": "Metadata-Version: 2.1\nName: a\nVersion: 4.5\n",
  });
  expect(facts.version).toBe("4.5");
});

test("setup.cfg is read without running anything, and attr: stays unknown", async () => {
  const literal = await read({
    "setup.cfg": "[metadata]\nname = a\nversion = 1.0  # now\n\n[options]\npython-requires = >=3.8\n",
  });
  expect(literal.facts).toEqual({
    name: "a",
    version: "1.0",
    requiresPython: ">=3.8",
    requiresDist: [],
    factsFrom: "setup.cfg",
  });
  const computed = await read({ "setup.cfg": "[metadata]\nname = a\nversion = attr: a.__version__\n" });
  expect(computed.facts.version).toBeNull();
});

test("literals of setup.py count, and what is computed does not", async () => {
  const { facts } = await read({
    "setup.py":
      "from setuptools import setup\nsetup(\n    name='a',\n    version=read_version(),\n    python_requires='>=3.7',\n)\n",
  });
  expect(facts).toEqual({ name: "a", version: null, requiresPython: ">=3.7", requiresDist: [], factsFrom: "setup.py" });
});

test("poetry's own table is read, and its placeholder version is unknown", async () => {
  const { facts } = await read({ "pyproject.toml": '[tool.poetry]\nname = "a"\nversion = "0.0.0"\n' });
  expect(facts).toEqual({
    name: "a",
    version: null,
    requiresPython: null,
    requiresDist: null,
    factsFrom: "pyproject.toml [tool.poetry]",
  });
});

test("a folder that is no project, or does not say its name, is refused", async () => {
  await expect(read({ "README.md": "" })).rejects.toThrow("it is not a Python project");
  await expect(read({ "setup.py": "setup(**config)" })).rejects.toThrow("write name under [project] in pyproject.toml");
});

test("a mistake in pyproject.toml is told with its place", async () => {
  const error = await read({ "pyproject.toml": '[project]\nname = "a\n' }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ problems: [{ line: 2, column: expect.any(Number) }] });
});

test("the folder's kiln.yaml comes with it", async () => {
  const { spec } = await read({ "setup.py": "setup(name='a')", "kiln.yaml": "test: {}\n" });
  expect(spec).toEqual({ text: "test: {}\n", file: "kiln.yaml" });
});
