import { parseSpec } from "@kiln/matrix";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { runKiln } from "../testing/run-kiln.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { chooseAxes } from "./choose-axes.ts";
import { readProjectFiles } from "./read-files.ts";
import { surveyProject } from "./survey-project.ts";
import type { Survey } from "./survey.ts";
import { writeSpec } from "./write-spec.ts";

type Files = Readonly<Record<string, string>>;

async function writeAll(dir: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

async function init(files: Files): Promise<{ readonly survey: Survey; readonly text: string }> {
  await using dir = await tempDir();
  await writeAll(dir.path, files);
  const read = await readProjectFiles(dir.path);
  const survey = surveyProject(read);
  const text = writeSpec({ facts: read.facts, survey, axes: chooseAxes(survey), schema: "kiln.schema.json" });
  return { survey, text };
}

const PROJECTS: Readonly<Record<string, Files>> = {
  cuda: {
    "setup.py": `import os
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension
os.environ.setdefault("TORCH_CUDA_ARCH_LIST", "7.0;8.0;9.0+PTX")
requirements = ["torch>=2.0", "einops"]
setup(name="flash-x", version="0.3.1", python_requires=">=3.8,<3.12", install_requires=requirements,
      ext_modules=[CUDAExtension(name="flash_x._C", sources=["csrc/a.cu"])],
      extras_require={"test": ["pytest"]}, entry_points={"console_scripts": ["flashx = flash_x.cli:main"]})
`,
    "csrc/a.cu": "",
    "tests/test_a.py": "",
  },
  pure: {
    "pyproject.toml": `[build-system]
requires = ["hatchling"]
[project]
name = "pure-x"
version = "1.0"
requires-python = ">=3.10"
classifiers = ["Programming Language :: Python :: 3.10", "Programming Language :: Python :: 3.11"]
dependencies = ["torch==2.2.0"]
[project.optional-dependencies]
test = ["pytest"]
[tool.ruff]
[tool.pytest.ini_options]
testpaths = ["checks", "gone"]
`,
    "checks/test_b.py": "",
    "conftest.py": "",
  },
  abi3: {
    "setup.cfg":
      "[metadata]\nname = abi-x\nversion = attr: a.b\n[options]\npython_requires = >=3.9\n[bdist_wheel]\npy_limited_api = cp39\n",
    "setup.py":
      'from setuptools import setup, Extension\nsetup(ext_modules=[Extension("a", ["a.c"], py_limited_api=True)])\n',
    "a.c": "",
  },
  rust: {
    "pyproject.toml":
      '[build-system]\nrequires = ["maturin>=1"]\nbuild-backend = "maturin"\n[project]\nname = "rust-x"\ndynamic = ["version"]\n',
    "Cargo.toml": '[dependencies]\npyo3 = { version = "0.22", features = ["extension-module", "abi3-py310"] }\n',
  },
  cmake: {
    "pyproject.toml": '[build-system]\nrequires = ["scikit-build-core"]\n[project]\nname = "cm-x"\nversion = "1"\n',
    "CMakeLists.txt": "project(cm LANGUAGES CXX CUDA)\n",
  },
  computed: { "setup.py": "from setuptools import setup\nsetup(name=read_name())\n" },
};

test.each(Object.keys(PROJECTS))("what is written for the project %s is a spec without a mistake", async (name) => {
  const { text } = await init(PROJECTS[name]!);
  expect(text).toMatch(/^# yaml-language-server: \$schema=kiln\.schema\.json\n/);
  expect(parseSpec(text, "kiln.yaml")).toMatchObject({ ok: true });
});

test("a CUDA extension of a setup.py has axes, kernels' capabilities, tests and its scripts", async () => {
  const { survey, text } = await init(PROJECTS["cuda"]!);
  expect(survey).toMatchObject({
    requiresPython: { value: ">=3.8,<3.12", where: "setup.py" },
    torch: { value: ">=2.0", where: "setup.py" },
    cuda: { value: "CUDAExtension", where: "setup.py" },
    archList: { value: ["7.0", "8.0", "9.0+PTX"], where: "setup.py" },
    wheel: { value: { kind: "native" }, where: "setup.py" },
    tests: { pytest: { value: true, where: "tests/test_a.py" }, files: ["tests"], extras: ["test"] },
    scripts: ["flashx"],
  });
  // Which releases there are is the data's, which grows.
  const settled = text
    .replace(/torch: \["2\.0", ("[\d.]+"(, )?)+\]/, "torch: [OLDEST, NEWEST]")
    .replace(/all \d+ feature/, "all N feature")
    .replace(/cuda: \[cpu, "11\.7", "[\d.]+"\]/, "cuda: [cpu, OLDEST, NEWEST]");
  expect(settled).toMatchInlineSnapshot(`
    "# yaml-language-server: $schema=kiln.schema.json
    # What Kiln builds and tests of flash-x. ./kiln plan shows the matrix, and why a cell is not in it.
    kiln: 1
    # A candidate with another version is refused (found in setup.py).
    version: "0.3.1"

    matrix:
      # available: what the farm's agents run on. Or a list: linux-x86_64, ubuntu-22.04, macos-14,
      # windows-11 …
      os: available
      # The metadata admits Python >=3.8,<3.12 (setup.py)
      python: ["3.8", "3.9", "3.10", "3.11"]
      # setup.py requires torch>=2.0: the oldest and the newest; all N feature versions: torch: ">=2.0"
      torch: [OLDEST, NEWEST]
      # setup.py has CUDAExtension; these are what PyPI's wheels of the oldest and the newest torch are
      # made for. Without cpu where the package needs CUDA to build
      cuda: [cpu, OLDEST, NEWEST]

    build:
      # A wheel for each Python and platform: compiled code (setup.py).
      wheels:
        - kind: native
          # linked: a wheel for each; stable: torch's stable ABI; none: one for all
          torch: linked
          cuda: linked
          # TORCH_CUDA_ARCH_LIST, as setup.py has it
          arch-list: ["7.0", "8.0", "9.0+PTX"]
      timeout: 2h

    test:
      # The source is not there: these files are copied beside the installed wheel (tests/test_a.py). The
      # wheel installs the command flashx.
      files: [tests]
      extras: [test]
      requires: [pytest]
      command: python -m pytest -q tests
      timeout: 20m
      # Tests of cells with CUDA need a GPU whose driver runs it; none: they run anywhere.
      gpu: required

    # Run on every wheel.
    scans:
      - {name: metadata, command: 'twine check --strict "$KILN_WHEEL"', requires: [twine]}

    # What a release of a type has to pass; full, pairwise, 3-wise or touchstone. ./kiln plan --release
    # patch shows it.
    # profiles:
    #   patch: {reduce: pairwise}
    #   hotfix: {reduce: touchstone}
    "
  `);
});

test("a pure project with a pinned torch has that torch alone, and pytest's own paths that exist", async () => {
  const { survey, text } = await init(PROJECTS["pure"]!);
  expect(survey).toMatchObject({
    wheel: { value: { kind: "pure" } },
    cuda: null,
    tests: { files: ["checks", "conftest.py"] },
  });
  expect(text).toContain('torch: ["2.2.0"]');
  expect(text).toContain('python: ["3.10", "3.11"]');
  expect(text).toContain("- {name: ruff, command: ruff check ., requires: [ruff], files: [.]}");
});

test.each([
  ["abi3", { kind: "abi3", python: "3.9" }, "setup.cfg [bdist_wheel]"],
  ["rust", { kind: "abi3", python: "3.10" }, "Cargo.toml"],
  ["cmake", { kind: "native" }, "pyproject.toml [build-system]"],
  ["computed", { kind: "pure" }, "nothing in it is compiled"],
])("the wheel of %s is %j, by %s", async (name, value, where) => {
  expect((await init(PROJECTS[name]!)).survey.wheel).toEqual({ value, where });
});

test("CUDA as a language of CMake is CUDA", async () => {
  expect((await init(PROJECTS["cmake"]!)).survey.cuda).toEqual({
    value: "CUDA as a language",
    where: "CMakeLists.txt",
  });
});

test("names and versions that are YAML or control characters stay texts", async () => {
  const { text } = await init({
    "pyproject.toml":
      '[project]\nname = "a\\u001b[31m: {b}"\nversion = "1.0: [x]"\n[project.scripts]\n"x\\ny" = "a:b"\n',
    "tests/test_a.py": "",
  });
  const parsed = parseSpec(text, "kiln.yaml");
  // The version is none, and told as such: nothing else of the file is wrong.
  expect(parsed.ok ? [] : parsed.problems.map(({ path }) => path)).toEqual(["version"]);
  expect(text).not.toContain("\u001b");
});

test("init writes once, says what it found where and what not, and plans", async () => {
  await using dir = await tempDir();
  await writeAll(dir.path, PROJECTS["abi3"]!);
  const first = await runKiln(["init", dir.path]);
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toMatch(/wheel +abi3, from Python 3\.9 +setup\.cfg \[bdist_wheel\]/);
  expect(first.stdout).toMatch(/tests +not found/);
  const again = await runKiln(["init", dir.path]);
  expect(again).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("--force replaces it") });
  await writeFile(join(dir.path, "kiln.yaml"), "mine");
  expect((await runKiln(["init", dir.path, "--stdout"])).stdout).toContain("kind: abi3");
  expect(await readFile(join(dir.path, "kiln.yaml"), "utf8")).toBe("mine");
  const forced = await runKiln(["init", dir.path, "--force", "--json"]);
  expect(JSON.parse(forced.stdout)).toMatchObject({
    written: true,
    findings: [{ about: "Python", found: ">=3.9" }, { found: null }, {}, {}, {}, {}],
  });
  const planned = await runKiln(["plan", dir.path]);
  expect(planned).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^abi-x /) });
});

test("init of a folder that is no project says so", async () => {
  await using dir = await tempDir();
  expect(await runKiln(["init", dir.path])).toMatchObject({
    exitCode: 3,
    stderr: expect.stringContaining("it is not a Python project"),
  });
});
