import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSpec } from "./parse-spec.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import type { Spec, WheelSpec } from "./spec.ts";
import { placesOf, problemsOf, specOf } from "./testing.ts";

const LIMITS = { timeoutMs: 1_800_000, logBytesMax: 67_108_864 };
const EVERYTHING = { reduce: { kind: "full" }, jobs: ["check", "scan", "bench", "profile"], gates: null } as const;
const NATIVE: WheelSpec = {
  name: "",
  when: null,
  kind: { kind: "native" },
  torch: "none",
  cuda: "none",
  archList: [],
  policy: null,
  localVersion: "auto",
};

const DEFAULTS: Spec = {
  version: null,
  axes: { os: "available", python: { kind: "available" }, torch: null, cuda: null, gpu: null, driver: null, own: [] },
  include: [],
  exclude: [],
  overrides: [],
  unknownCells: "plan",
  keep: [],
  release: "minor",
  profiles: { patch: EVERYTHING, minor: EVERYTHING, major: EVERYTHING, hotfix: EVERYTHING },
  build: {
    env: {},
    secrets: [],
    configSettings: {},
    frontend: "pip",
    reproducible: "unchecked",
    wheels: [NATIVE],
    container: null,
    agents: null,
    limits: LIMITS,
  },
  test: {
    env: {},
    secrets: [],
    extras: [],
    requires: [],
    command: null,
    files: [],
    repeatFailed: 0,
    gpu: "required",
    container: null,
    agents: null,
    limits: LIMITS,
  },
  checks: [],
  scans: [],
  bench: null,
  profile: null,
  retry: { infrastructure: 2 },
  gates: null,
  waivers: null,
  maxParallel: null,
};

const FULL = `# yaml-language-server: $schema=./kiln.schema.json
kiln: 1
version: 1.2.0
matrix:
  os: [linux-x86_64, macos-arm64]
  python: ["3.10", "3.12", "3.13t"]
build:
  env: {CFLAGS: -O2}
  config-settings: {cmake.build-type: Release}
  frontend: cibuildwheel
  reproducible: check
  timeout: 30m
  log-limit: 64MiB
test:
  requires: [pytest, "numpy>=2"]
  extras: [fast]
  files: [./tests/, data/a.txt]
  command: pytest -q tests
  env: {SEED: 7, VERBOSE: true, EMPTY: ""}
  timeout: 1h30m
  log-limit: 1GB
retry:
  infrastructure: 0
`;

describe("a good kiln.yaml", () => {
  test.for([
    "",
    "\n\n",
    "# nothing yet\n",
    "{}",
    "kiln: 1",
    "matrix:\nprofiles:\nbuild:\ntest:\nchecks:\nscans:\nbench:\nprofile:\nretry:\n",
    "---\nkiln: 1\n",
  ])("%j means all defaults", (text) => {
    expect(specOf(text)).toEqual(DEFAULTS);
  });

  test("every key of a plain package is read and every unit normalised", () => {
    expect(specOf(FULL)).toEqual({
      ...DEFAULTS,
      version: "1.2.0",
      axes: {
        ...DEFAULTS.axes,
        os: ["linux-x86_64", "macos-arm64"],
        python: { kind: "versions", versions: ["3.10", "3.12", "3.13t"] },
      },
      build: {
        env: { CFLAGS: "-O2" },
        secrets: [],
        configSettings: { "cmake.build-type": "Release" },
        frontend: "cibuildwheel",
        reproducible: "check",
        wheels: [NATIVE],
        container: null,
        agents: null,
        limits: { timeoutMs: 1_800_000, logBytesMax: 67_108_864 },
      },
      test: {
        env: { SEED: "7", VERBOSE: "true", EMPTY: "" },
        secrets: [],
        extras: ["fast"],
        requires: ["pytest", "numpy>=2"],
        command: "pytest -q tests",
        files: ["tests", "data/a.txt"],
        repeatFailed: 0,
        gpu: "required",
        container: null,
        agents: null,
        limits: { timeoutMs: 5_400_000, logBytesMax: 1_000_000_000 },
      },
      retry: { infrastructure: 0 },
    });
  });

  test("3.10 without quotes is 3.10, although YAML makes it the number 3.1", () => {
    const { axes, version } = specOf("version: 1.10\nmatrix: {python: [3.10, 3.9]}");
    expect(axes.python).toEqual({ kind: "versions", versions: ["3.10", "3.9"] });
    expect(version).toBe("1.10");
  });

  test("a specifier is kept as written", () => {
    expect(specOf('matrix: {python: ">=3.9,<3.14"}').axes.python).toEqual({
      kind: "specifier",
      specifier: ">=3.9,<3.14",
    });
  });

  test("Windows line ends and a byte order mark change nothing", () => {
    expect(specOf(`\uFEFF${FULL.replaceAll("\n", "\r\n")}`)).toEqual(specOf(FULL));
  });

  test("an alias stands for what its anchor holds", () => {
    const { build, test: tests } = specOf("build: {env: &shared {A: b}}\ntest: {env: *shared}");
    expect(build.env).toEqual({ A: "b" });
    expect(tests.env).toEqual(build.env);
  });

  test("__proto__ is a name like any other", () => {
    const { env } = specOf("build: {env: {__proto__: x}}").build;
    expect(Object.entries(env)).toEqual([["__proto__", "x"]]);
  });

  test("it tells where the plan may have to point", () => {
    const parsed = parseSpec(FULL, "a/kiln.yaml");
    expect(parsed.ok && parsed.places).toEqual({
      file: "a/kiln.yaml",
      version: { line: 3, column: 10 },
      axes: { os: { line: 5, column: 7 }, python: { line: 6, column: 11 } },
    });
  });
});

describe("mistakes", () => {
  test("five different ones are all reported, each with line, column and a suggestion", () => {
    const text = [
      "kiln: 1",
      "versoin: 1.2.0",
      "matrix:",
      '  python: ["3.12", "3.7"]',
      "build:",
      "  timeout: 30",
      "  env: [CFLAGS]",
      "test:",
      "  log-limit: 64 megs",
      "",
    ].join("\n");
    const problems = problemsOf(text);
    expect(problems.map(({ line, column, path }) => [line, column, path])).toEqual([
      [2, 1, "versoin"],
      [4, 20, "matrix.python[1]"],
      [6, 12, "build.timeout"],
      [7, 8, "build.env"],
      [9, 14, "test.log-limit"],
    ]);
    for (const { file, message, suggestion } of problems) {
      expect(file).toBe("kiln.yaml");
      expect(message).not.toBe("");
      expect(suggestion).not.toBe("");
    }
    expect(problems[0]?.suggestion).toContain('"version"');
    expect(problems[2]?.message).toContain("no unit");
  });

  test("a break in the YAML is reported beside the mistakes before it", () => {
    expect(placesOf('foo: 1\nbuild:\n  timeout: 5\ntest:\n  command: "pytest\nretry: {infrastructure: 99}\n')).toEqual([
      "1:1 foo",
      "3:12 build.timeout",
      "5:12 ",
    ]);
  });

  test("what follows a break is not judged, what follows a bad escape is", () => {
    expect(placesOf("test:\n\tcommand: x\nfoo: 1\n")).toEqual(["2:1 "]);
    expect(placesOf('test:\n  command: "a\\qb"\nfoo: 1\n')).toEqual(["2:14 ", "3:1 foo"]);
  });

  test.for([
    ["test: {commnad: pytest}", "1:8 test.commnad", '"command"'],
    ["timeout: 5m", "1:1 timeout", "under build: or under test:"],
    ["build: {log_limit: 1MiB}", "1:9 build.log_limit", '"log-limit"'],
    ["kiln: 2", "1:7 kiln", "kiln: 1"],
    ["build: [a]", "1:8 build", "build: {wheel: …}"],
    ["[1]", "1:1 ", "keys"],
    ["matrix: {os: linux-x86_64}", "1:14 matrix.os", "[linux-x86_64]"],
    ["matrix: {os: [linux-x86-64]}", "1:15 matrix.os[0]", '"linux-x86_64"'],
    ["matrix: {os: []}", "1:14 matrix.os", "available"],
    ["matrix: {python: 3.10}", "1:18 matrix.python", '["3.10"]'],
    ['matrix: {python: "3.12"}', "1:18 matrix.python", '["3.12"]'],
    ['matrix: {python: "3.9+"}', "1:18 matrix.python", '">=3.9"'],
    ['matrix: {python: ">=4"}', "1:18 matrix.python", "3.15"],
    ["matrix: {python: [3.1]}", "1:19 matrix.python[0]", '"3.10"'],
    ["matrix: {python: [cp312]}", "1:19 matrix.python[0]", '"3.12"'],
    ["matrix: {python: [3.12.4]}", "1:19 matrix.python[0]", '"3.12"'],
    ['matrix: {python: ["3.13-t"]}', "1:19 matrix.python[0]", '"3.13t"'],
    ["matrix: {python: [3.12, '3.12']}", "1:25 matrix.python[1]", "keep one"],
    ["matrix:\n  python: >=3.9\n", "2:12 ", '">=3.9"'],
    ["matrix:\n  python: !=3.9\n", "2:11 ", '"!=3.9"'],
    ["version: one", "1:10 version", "1.2.0"],
    ["version:", "1:9 version", "1.2.0"],
    ["version:\n\n\nkiln: 1\n", "1:9 version", "1.2.0"],
    ["build: {timeout: 25h}", "1:18 build.timeout", "24h"],
    ["build: {timeout: 0s}", "1:18 build.timeout", "1s"],
    ["build: {timeout: [1]}", "1:18 build.timeout", "90s"],
    ["build: {log-limit: 3GiB}", "1:20 build.log-limit", "2GiB"],
    ["build: {log-limit: 1B}", "1:20 build.log-limit", "1KiB"],
    ["build: {env: {1A: x}}", "1:15 build.env.1A", "CFLAGS"],
    ["build: {env: {A: }}", "1:18 build.env.A", '""'],
    ["build: {env: {A: [x]}}", "1:18 build.env.A", "text"],
    ["test: {requires: pytest}", "1:18 test.requires", "[pytest]"],
    ["test: {requires: [pytest=8]}", "1:19 test.requires[0]", "pytest==8"],
    ["test: {extras: [a b]}", "1:17 test.extras[0]", "letters"],
    ["test: {command: x, files: [../x]}", "1:28 test.files[0]", "root"],
    ["test: {command: x, files: [/x]}", "1:28 test.files[0]", "root"],
    ["test: {command: x, files: ['C:\\x']}", "1:28 test.files[0]", "C:/x"],
    ["test: {command: x, files: ['*.py']}", "1:28 test.files[0]", "tests"],
    ["test: {command: x, files: [.]}", "1:28 test.files[0]", "tests"],
    ["test: {files: [tests]}", "1:8 test.files", "command: "],
    ["test: {command: }", "1:17 test.command", "pytest"],
    ["test: {repeat-failed: 1}", "1:8 test.repeat-failed", "command: "],
    ["test: {command: x, repeat-failed: 6}", "1:35 test.repeat-failed", "write 1"],
    ["test: {command: x, repeat-failed: true}", "1:35 test.repeat-failed", "0 to 5"],
    ["test: {secrets: [A]}", "1:8 test.secrets", "command: "],
    ["build: {secrets: A}", "1:18 build.secrets", "[A]"],
    ["build: {secrets: [index-token]}", "1:19 build.secrets[0]", "INDEX_TOKEN"],
    ["build: {secrets: [1A]}", "1:19 build.secrets[0]", "INDEX_TOKEN"],
    ["build: {secrets: [KILN_WHEEL]}", "1:19 build.secrets[0]", "KILN_"],
    ["build: {secrets: [A, B, A]}", "1:25 build.secrets[2]", "one of the two"],
    ["build: {env: {A: x}, secrets: [A]}", "1:32 build.secrets[0]", "one of the two"],
    ["retry: {infrastructure: 11}", "1:25 retry.infrastructure", "2"],
    ["retry: {infrastructure: 1.5}", "1:25 retry.infrastructure", "2"],
    ["retry: {infrastructure: two}", "1:25 retry.infrastructure", "0 to 10"],
    ["kiln: 1\nbuild: {}\nkiln: 1", "3:1 kiln", "keep one"],
    ["kiln: 1\n---\nkiln: 1\n", "2:1 ", "one document"],
    ["a: b: c", "1:4 ", '"b: c"'],
    ["build:\n\tenv: {}", "2:1 ", "spaces"],
    ["? [a]\n: 1", "1:3 ", "key: value"],
    ["test: {command: !shell x}", "1:17 ", "tags"],
  ] as const)("%j is at %s and suggests %s", ([text, place, suggestion]) => {
    const problems = problemsOf(text);
    expect(problems.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([place]);
    expect(problems[0]?.suggestion).toContain(suggestion);
  });

  test("a name twice in one mapping is refused, and both places are told", () => {
    const [problem] = problemsOf("build:\n  env:\n    A: 1\n    A: 2\n");
    expect(problem).toMatchObject({ line: 4, column: 5, path: "build.env.A" });
    expect(problem?.message).toContain("first on line 3");
  });

  test("an alias needs an anchor that is complete before it", () => {
    expect(placesOf("test: *nope")).toEqual(["1:7 test"]);
    expect(placesOf("test: {requires: &a [*a]}")).toEqual(["1:22 test.requires[0]"]);
  });

  test("what a person wrote is shown without control characters and not at length", () => {
    const [problem] = problemsOf(`"\\e[31m\\u202E${"x".repeat(500)}": 1`);
    expect(problem?.message).toMatch(/^unknown key "\\u001b\[31m\\u202ex+…"$/);
    expect(problem?.path.length).toBeLessThan(100);
  });
});

describe("limits", () => {
  const entries = (count: number, value: string) =>
    Array.from({ length: count }, (_, index) => `    V${index}: ${value}`).join("\n");

  test.for([
    ["characters of the file", `# ${"x".repeat(SPEC_LIMITS.textCharsMax)}`, "limit is 65536"],
    ["depth of flow collections", "[".repeat(60_000), "32 collections"],
    ["depth of block collections", "- ".repeat(30_000), "32 collections"],
    ["depth of mappings", "a: ".repeat(20_000), "32 collections"],
    ["depth of explicit keys", "? ".repeat(30_000), "32 collections"],
    ["entries", `build:\n  env:\n${entries(65, "x")}\n`, "limit is 64"],
    ["characters of entries", `build:\n  env:\n${entries(40, "x".repeat(1000))}\n`, "limit is 32768"],
    [
      "items",
      `test: {requires: [${Array.from({ length: 101 }, (_, index) => `p${index}`).join(",")}]}`,
      "limit is 100",
    ],
    ["characters of an item", `test: {requires: [${"p".repeat(301)}]}`, "limit is 300"],
    ["characters of the command", `test: {command: ${"p".repeat(8193)}}`, "limit is 8192"],
  ] as const)("%s", ([, text, message]) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(message);
  });

  test("collections may nest to the limit and not past it", () => {
    const nested = (depth: number) => `x: ${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}`;
    expect(problemsOf(nested(SPEC_LIMITS.depthMax))[0]?.message).toContain("unknown key");
    expect(problemsOf(nested(SPEC_LIMITS.depthMax * 2 + 1))[0]?.message).toContain("inside each other");
  });

  test("an alias bomb is judged by what is written, not by what it unfolds to", () => {
    const lines = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"]) {
      lines.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(", ")}]`);
    }
    const problems = problemsOf([...lines, "test: {requires: *i}"].join("\n"));
    expect(problems.length).toBeLessThan(20);
  });

  test("past a hundred problems the rest is counted", () => {
    const problems = problemsOf(Array.from({ length: 150 }, (_, index) => `k${index}: 1`).join("\n"));
    expect(problems).toHaveLength(SPEC_LIMITS.problemsMax + 1);
    expect(problems.at(-1)).toMatchObject({ line: 101, message: "50 more problems from here on are not shown" });
  });
});

describe("places", () => {
  test("are right where the YAML breaks off in the middle", () => {
    expect(placesOf("{}.\ntest:\n  env: {")).toEqual(["1:3 ", "3:9 "]);
  });
});

describe("any text", () => {
  const piece = fc.constantFrom(
    ..."{}[]:,#&*!|>'\"%@`-? \n\t\r~.".split(""),
    "kiln: 1\n",
    "matrix:\n",
    "  python: ",
    "3.10",
    "  torch: ",
    "  axes: ",
    "  exclude: ",
    "  include: ",
    "when: ",
    "[cpu, 12.1]",
    "build:\n  wheels: ",
    "kind: abi3",
    "checks: ",
    "bench:\n  ",
    "profiles: ",
    "test:\n  env: ",
    "&a ",
    "*a",
    "---\n",
    "!!int ",
    "\u0000",
    "é\u{1F600}",
  );
  const yamlish = fc.array(piece, { maxLength: 60 }).map((parts) => parts.join(""));

  test("is either a spec or has problems inside the text, in its order; it never throws", () => {
    fc.assert(
      fc.property(fc.oneof(yamlish, fc.string({ unit: "binary", maxLength: 200 })), (text) => {
        const parsed = parseSpec(text, "f");
        if (parsed.ok) return;
        const lines = text.split("\n");
        expect(parsed.problems.length).toBeGreaterThan(0);
        for (const [index, problem] of parsed.problems.entries()) {
          expect(problem.line).toBeGreaterThanOrEqual(1);
          expect(problem.line).toBeLessThanOrEqual(lines.length);
          expect(problem.column).toBeGreaterThanOrEqual(1);
          expect(problem.column).toBeLessThanOrEqual((lines[problem.line - 1]?.length ?? 0) + 1);
          expect(problem.line).toBeGreaterThanOrEqual(parsed.problems[index - 1]?.line ?? 1);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("one character changed in a full spec never throws", () => {
    fc.assert(
      fc.property(fc.nat({ max: FULL.length - 1 }), piece, (at, put) => {
        const parsed = parseSpec(FULL.slice(0, at) + put + FULL.slice(at + 1), "f");
        expect(parsed.ok || parsed.problems.length > 0).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
