import { describe, expect, test } from "vitest";
import { KNOWLEDGE } from "../knowledge/knowledge.ts";
import { rulesOf } from "../knowledge/rule.ts";
import { parseSpec } from "./parse-spec.ts";
import { RULE_NAMES } from "./rule-names.ts";
import { SPEC_LIMITS } from "./spec-limits.ts";
import { placesOf, problemsOf, specOf } from "./testing.ts";

const AT = (line: number, column: number) => ({ place: { line, column } });

const FULL = `matrix:
  os: [ubuntu-22.04, macos-14-arm64, windows-11, linux-aarch64]
  python: ["3.10", 3.13t]
  torch: [2.10, "2.2.0", latest, latest-3, v2.1.*]
  cuda: [CPU, 11.8, cu121, rocm6.0]
  gpu: [none, "NVIDIA H100 80GB HBM3", sm_90]
  driver: [535.104.05, 550]
  axes:
    threads: [1, 2]
    backend: [eager, compiled]
    debug: [true, false]
  include:
    - {backend: eager, extra: x}
    - when: {cuda: ">=12", os: [ubuntu-22.04]}
      gpu: H100
  exclude:
    - {torch: "2.1", cuda: 12.1, when: {python: "<3.9", os: [windows-11]}, reason: upstream has none}
    - when: {extra: [x]}
  override:
    - {torch: "2.0", cuda: cu121, rules: [torch-wheel], reason: "we build torch ourselves"}
  keep:
    - {python: 3.10, torch: latest, extra: x}
  unknown: exclude
`.replace("    - when: {extra: [x]}\n", "");

describe("a matrix with everything in it", () => {
  const spec = specOf(FULL);

  test("has its axes, each value as Kiln names it, numbers by the text they were written with", () => {
    expect(spec.axes).toEqual({
      os: ["ubuntu-22.04", "macos-14", "windows-11", "linux-aarch64"],
      python: { kind: "versions", versions: ["3.10", "3.13t"] },
      torch: { kind: "versions", versions: ["2.10", "2.2.0", "latest", "latest-3", "2.1"] },
      cuda: ["cpu", "11.8", "12.1", "rocm6.0"],
      gpu: ["none", "H100", "9.0"],
      driver: ["535.104.05", "550"],
      own: [
        { name: "backend", values: ["eager", "compiled"] },
        { name: "debug", values: ["true", "false"] },
        { name: "threads", values: ["1", "2"] },
      ],
    });
  });

  test("has its entries in the order written, their values named as the axes name them", () => {
    expect(spec.include).toEqual([
      { values: { backend: "eager", extra: "x" }, when: null, ...AT(13, 7) },
      {
        values: { gpu: "H100" },
        when: { cuda: { kind: "specifier", specifier: ">=12" }, os: { kind: "any-of", values: ["ubuntu-22.04"] } },
        ...AT(14, 7),
      },
    ]);
    expect(spec.exclude).toEqual([
      {
        values: { torch: "2.1", cuda: "12.1" },
        when: { python: { kind: "specifier", specifier: "<3.9" }, os: { kind: "any-of", values: ["windows-11"] } },
        reason: "upstream has none",
        ...AT(17, 7),
      },
    ]);
    expect(spec.overrides).toEqual([
      {
        values: { torch: "2.0", cuda: "12.1" },
        when: null,
        rules: ["torch-wheel"],
        reason: "we build torch ourselves",
        ...AT(19, 7),
      },
    ]);
    expect(spec.keep).toEqual([{ values: { python: "3.10", torch: "latest", extra: "x" }, when: null, ...AT(21, 7) }]);
    expect(spec.unknownCells).toBe("exclude");
  });

  test("tells where each axis is written", () => {
    const parsed = parseSpec(FULL, "kiln.yaml");
    expect(parsed.ok && parsed.places.axes).toEqual({
      python: { line: 3, column: 11 },
      torch: { line: 4, column: 10 },
      cuda: { line: 5, column: 9 },
      os: { line: 2, column: 7 },
      gpu: { line: 6, column: 8 },
      driver: { line: 7, column: 11 },
      threads: { line: 9, column: 14 },
      backend: { line: 10, column: 14 },
      debug: { line: 11, column: 12 },
    });
  });
});

describe("axes", () => {
  test("of torch can be a specifier", () => {
    expect(specOf('matrix: {torch: ">=2.1,<2.4"}').axes.torch).toEqual({ kind: "specifier", specifier: ">=2.1,<2.4" });
  });

  test.for([
    ["matrix: {os: [solaris-11]}", "1:15 matrix.os[0]", "ubuntu-22.04"],
    ["matrix: {os: [ubuntu-2204]}", "1:15 matrix.os[0]", "ubuntu-22.04"],
    ["matrix: {os: [macos-14, macos-14-arm64]}", "1:25 matrix.os[1]", "keep one"],
    ["matrix: {os: }", "1:14 matrix.os", "available"],
    ["matrix: {torch: 2.10}", "1:17 matrix.torch", '["2.10"]'],
    ["matrix: {torch: latest}", "1:17 matrix.torch", "[latest]"],
    ["matrix: {torch: newest}", "1:17 matrix.torch", "latest"],
    ["matrix: {torch: [2]}", "1:18 matrix.torch[0]", '"2.1"'],
    ["matrix: {torch: [torch-2.1]}", "1:18 matrix.torch[0]", '"2.1"'],
    ["matrix: {torch: [2.1.2+cu118]}", "1:18 matrix.torch[0]", "cuda"],
    ['matrix: {torch: [">=2.1"]}', "1:18 matrix.torch[0]", 'torch: ">=2.1"'],
    ["matrix: {torch: [stable]}", "1:18 matrix.torch[0]", "latest"],
    ["matrix: {torch: [latest-0]}", "1:18 matrix.torch[0]", "latest"],
    ['matrix: {torch: ["2.1", 2.1.*]}', "1:25 matrix.torch[1]", "keep one"],
    ['matrix: {torch: ">=two"}', "1:17 matrix.torch", ">=2.1,<2.4"],
    ["matrix: {torch: []}", "1:17 matrix.torch", "latest"],
    ["matrix: {cuda: cpu}", "1:16 matrix.cuda", "[cpu]"],
    ["matrix: {cuda: 12.1}", "1:16 matrix.cuda", '["12.1"]'],
    ["matrix: {cuda: [12]}", "1:17 matrix.cuda[0]", '"12.1"'],
    ["matrix: {cuda: [nvidia]}", "1:17 matrix.cuda[0]", "rocm6.0"],
    ['matrix: {cuda: [">=12"]}', "1:17 matrix.cuda[0]", "name the versions"],
    ["matrix: {cuda: [12.1, cu121]}", "1:23 matrix.cuda[1]", "keep one"],
    ["matrix: {cuda: }", "1:16 matrix.cuda", "cpu"],
    ["matrix: {gpu: [Voodoo2]}", "1:16 matrix.gpu[0]", "H100"],
    ["matrix: {gpu: H100}", "1:15 matrix.gpu", "[H100]"],
    ["matrix: {driver: [r535]}", "1:19 matrix.driver[0]", '"535"'],
    ["matrix: {driver: [535.104.05.1]}", "1:19 matrix.driver[0]", '"535.104.05"'],
    ["matrix: {driver: [new]}", "1:19 matrix.driver[0]", '"535.104.05"'],
    ["matrix: {driver: 535}", "1:18 matrix.driver", '["535"]'],
    ["matrix: {backend: [eager]}", "1:10 matrix.backend", "axes: {backend"],
    ["matrix: {toch: ['2.1']}", "1:10 matrix.toch", '"torch"'],
    ["matrix: {axes: [backend]}", "1:16 matrix.axes", "{backend: [eager, compiled]}"],
    ["matrix: {axes: {backend: eager}}", "1:26 matrix.axes.backend", "[eager]"],
    ["matrix: {axes: {backend: []}}", "1:26 matrix.axes.backend", "[eager, compiled]"],
    ["matrix: {axes: {backend: }}", "1:26 matrix.axes.backend", "[eager, compiled]"],
    ["matrix: {axes: {backend: [a b]}}", "1:27 matrix.axes.backend[0]", "a-b"],
    ["matrix: {axes: {backend: [[a]]}}", "1:27 matrix.axes.backend[0]", "[eager, compiled]"],
    ["matrix: {axes: {backend: [1.0, '1.0']}}", "1:32 matrix.axes.backend[1]", "keep one"],
    ["matrix: {axes: {CUDA: [a]}}", "1:17 matrix.axes.CUDA", "cuda: …"],
    ["matrix: {axes: {torch: ['2.1']}}", "1:17 matrix.axes.torch", "torch: …"],
    ["matrix: {axes: {when: [a]}}", "1:17 matrix.axes.when", "another name"],
    ["matrix: {axes: {reason: [a]}}", "1:17 matrix.axes.reason", "another name"],
    ["matrix: {axes: {rules: [a]}}", "1:17 matrix.axes.rules", "another name"],
    ["matrix: {axes: {a b: [a]}}", "1:17 matrix.axes.a b", "backend"],
    ["matrix: {axes: {__proto__: [a]}}", "1:17 matrix.axes.__proto__", "another name"],
    ["matrix: {axes: {constructor: [a]}}", "1:17 matrix.axes.constructor", "another name"],
    ["matrix: {unknown: maybe}", "1:19 matrix.unknown", "plan, exclude"],
    ["matrix: {unknown: exlude}", "1:19 matrix.unknown", '"exclude"'],
  ] as const)("%j is at %s and suggests %s", ([text, place, suggestion]) => {
    expect(placesOf(text)).toEqual([place]);
    expect(problemsOf(text)[0]?.suggestion).toContain(suggestion);
  });

  test("that would be one environment variable are refused, wherever they come from", () => {
    const message = "the axes a-b and A.b would be one environment variable of commands, KILN_MATRIX_A_B";
    expect(problemsOf("matrix: {axes: {a-b: [x], A.b: [y]}}")[0]?.message).toBe(message);
    expect(problemsOf("matrix: {include: [{a-b: x}, {A.b: y}]}")[0]?.message).toBe(message);
  });

  test("listed twice in two spellings are told with both", () => {
    expect(problemsOf("matrix: {cuda: [12.1, cu121]}")[0]?.message).toBe(
      '"12.1" is listed twice in matrix.cuda, as "cu121"',
    );
  });
});

describe("entries", () => {
  test("of include may name any axis that Kiln knows, and new ones", () => {
    const { include } = specOf("matrix: {include: [{gpu: sm_90, node: 18}]}");
    expect(include[0]?.values).toEqual({ gpu: "9.0", node: "18" });
  });

  test("may have a when alone, where that narrows them", () => {
    const { exclude, keep } = specOf("matrix: {exclude: [{when: {python: <3.9}}], keep: [{when: {python: ['3.8']}}]}");
    expect(exclude[0]).toMatchObject({ values: {}, when: { python: { kind: "specifier", specifier: "<3.9" } } });
    expect(keep[0]).toMatchObject({ values: {}, when: { python: { kind: "any-of", values: ["3.8"] } } });
  });

  test("that come after include may speak of what it adds", () => {
    const { overrides, keep } = specOf(
      "matrix: {include: [{node: 18}], override: [{node: 18, reason: r}], keep: [{when: {node: [18]}}]}",
    );
    expect(overrides[0]).toMatchObject({ values: { node: "18" }, rules: [] });
    expect(keep[0]?.when).toEqual({ node: { kind: "any-of", values: ["18"] } });
  });

  const M = (rest: string) => `matrix: {torch: ['2.1'], cuda: [cpu], ${rest}}`;
  test.for([
    ["include: {a: b}", "matrix.include", "[{"],
    ["include: [a]", "matrix.include[0]", "{cuda"],
    ["include: [null]", "matrix.include[0]", "{cuda"],
    ["include: [{}]", "matrix.include[0]", "{cuda"],
    ["include: [{when: {cuda: [cpu]}}]", "matrix.include[0]", "{cuda"],
    ["include: [{reason: r}]", "matrix.include[0].reason", "another name"],
    ["include: [{CUDA: cpu}]", "matrix.include[0].CUDA", "write cuda"],
    ["include: [{a b: c}]", "matrix.include[0].a b", "backend"],
    ["include: [{gpu: [H100, A100]}]", "matrix.include[0].gpu", "an entry for each"],
    ["include: [{node: }]", "matrix.include[0].node", "one value"],
    ["include: [{node: a b}]", "matrix.include[0].node", "a-b"],
    ["include: [{node: {a: b}}]", "matrix.include[0].node", "one value"],
    ["exclude: [{cuda: 12}]", "matrix.exclude[0].cuda", '"12.1"'],
    ["exclude: [{python: 3.1}]", "matrix.exclude[0].python", '"3.10"'],
    ["exclude: [{cuda: [cpu, '12.1']}]", "matrix.exclude[0].cuda", "when: {cuda: […]}"],
    ["exclude: [{toch: '2.1'}]", "matrix.exclude[0].toch", '"torch"'],
    ["exclude: [{cuda: cpu, raeson: x}]", "matrix.exclude[0].raeson", '"reason"'],
    ["exclude: [{gpu: H100}]", "matrix.exclude[0].gpu", "add gpu: to the matrix"],
    ["exclude: [{}]", "matrix.exclude[0]", "{torch"],
    ["exclude: [{reason: r}]", "matrix.exclude[0]", "{torch"],
    ["exclude: [{cuda: cpu, reason: }]", "matrix.exclude[0].reason", "why"],
    ["exclude: [{cuda: cpu, reason: ' '}]", "matrix.exclude[0].reason", "why"],
    ["exclude: [{cuda: cpu, reason: [a]}]", "matrix.exclude[0].reason", "why"],
    ["exclude: [{cuda: cpu, when: }]", "matrix.exclude[0].when", "windows-11"],
    ["exclude: [{cuda: cpu, when: {}}]", "matrix.exclude[0].when", "windows-11"],
    ["exclude: [{cuda: cpu, when: [a]}]", "matrix.exclude[0].when", "windows-11"],
    ["exclude: [{cuda: cpu, when: {os: []}}]", "matrix.exclude[0].when.os", "ubuntu-22.04"],
    ["exclude: [{cuda: cpu, when: {os: windows-11}}]", "matrix.exclude[0].when.os", "[windows-11]"],
    ["exclude: [{cuda: cpu, when: {os: '>=1'}}]", "matrix.exclude[0].when.os", "a list"],
    ["exclude: [{cuda: cpu, when: {python: 3.10}}]", "matrix.exclude[0].when.python", '["3.10"]'],
    ["exclude: [{cuda: cpu, when: {python: '3.9+'}}]", "matrix.exclude[0].when.python", '">=3.9"'],
    ["exclude: [{torch: '2.1', when: {cuda: cpu}}]", "matrix.exclude[0].when.cuda", "[cpu]"],
    ["exclude: [{torch: '2.1', when: {cuda: [12]}}]", "matrix.exclude[0].when.cuda[0]", '"12.1"'],
    ["exclude: [{torch: '2.1', when: {cuda: [12.1, cu121]}}]", "matrix.exclude[0].when.cuda[1]", "keep one"],
    ["exclude: [{torch: '2.1', when: {gpu: [H100]}}]", "matrix.exclude[0].when.gpu", "add gpu: to the matrix"],
    ["exclude: [{torch: '2.1', when: {pyhton: [3.9]}}]", "matrix.exclude[0].when.pyhton", '"python"'],
    ["include: [{node: 18}], exclude: [{node: 18}]", "matrix.exclude[0].node", "give the include a when"],
    ["override: [{torch: '2.1'}]", "matrix.override[0]", "reason"],
    ["override: [{torch: '2.1', reason: }]", "matrix.override[0].reason", "why"],
    ["override: [{reason: r}]", "matrix.override[0]", "{torch"],
    ["override: [{torch: '2.1', reason: r, rules: torch-wheel}]", "matrix.override[0].rules", "[torch-wheel]"],
    ["override: [{torch: '2.1', reason: r, rules: []}]", "matrix.override[0].rules", "leave the key out"],
    ["override: [{torch: '2.1', reason: r, rules: [torch-wheels]}]", "matrix.override[0].rules[0]", '"torch-wheel"'],
    ["override: [{torch: '2.1', reason: r, rules: [not-supported]}]", "matrix.override[0].rules[0]", "known here"],
    ["keep: [{}]", "matrix.keep[0]", "{python"],
    ["keep: [{torch: '2.1', reason: r}]", "matrix.keep[0].reason", "known here"],
    ["keep: [{driver: 535}]", "matrix.keep[0].driver", "add driver: to the matrix"],
  ] as const)("%j is a mistake of %s and suggests %s", ([rest, path, suggestion]) => {
    const problems = problemsOf(M(rest));
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.suggestion).toContain(suggestion);
  });

  test("with several mistakes are told of each of them", () => {
    const text = [
      "matrix:",
      "  cuda: [cpu]",
      "  exclude:",
      "    - cuda: 12",
      "      tourch: 2.1",
      "      when:",
      "        os: windows-11",
      "        pyton: <3.9",
      "    - reason: none",
      "  override:",
      "    - {cuda: cpu, rules: [x]}",
    ].join("\n");
    expect(placesOf(text)).toEqual([
      "4:13 matrix.exclude[0].cuda",
      "5:7 matrix.exclude[0].tourch",
      "7:13 matrix.exclude[0].when.os",
      "8:9 matrix.exclude[0].when.pyton",
      "9:7 matrix.exclude[1]",
      "11:7 matrix.override[0]",
      "11:27 matrix.override[0].rules[0]",
    ]);
  });

  test("can override the rules that there are, and no others are offered", () => {
    const candidate = { name: "x", version: null, requiresPython: null, requiresDist: null, factsFrom: "PKG-INFO" };
    const rules = rulesOf(KNOWLEDGE, candidate).map(({ name }) => name);
    expect(RULE_NAMES.toSorted()).toEqual([...rules, "not-available"].toSorted());
  });
});

describe("limits of a matrix", () => {
  const times = (count: number, text: (index: number) => string) =>
    Array.from({ length: count }, (_, i) => text(i)).join(", ");

  test.for([
    ["axes", `matrix: {axes: {${times(15, (i) => `a${i}: [x]`)}}}`, "has 17 axes"],
    ["keys of includes", `matrix: {include: [${times(15, (i) => `{a${i}: x}`)}]}`, "has 17 axes"],
    ["values of an axis", `matrix: {axes: {a: [${times(257, (i) => `v${i}`)}]}}`, "limit is 256"],
    ["values of a known axis", `matrix: {driver: [${times(257, (i) => `535.${i}`)}]}`, "limit is 256"],
    ["characters of a value", `matrix: {axes: {a: [${"x".repeat(65)}]}}`, "limit is 64"],
    ["characters of a name", `matrix: {axes: {${"x".repeat(33)}: [a]}}`, "limit is 32"],
    ["entries", `matrix: {exclude: [${times(513, (i) => `{python: 3.${8 + (i % 7)}}`)}]}`, "limit is 512"],
    ["keys of an entry", `matrix: {include: [{${times(20, (i) => `a${i}: x`)}}]}`, "limit is 19"],
    ["keys of a when", `matrix: {exclude: [{when: {${times(17, (i) => `a${i}: [x]`)}}}]}`, "limit is 16"],
    ["characters of a reason", `matrix: {exclude: [{python: "3.9", reason: ${"x".repeat(301)}}]}`, "limit is 300"],
    [
      "values that aliases multiply",
      `matrix: {axes: {a: &a [${times(256, (i) => `v${i}`)}]}, exclude: [${times(65, () => "{when: {a: *a}}")}]}`,
      "limit is 16384",
    ],
  ] as const)("%s", ([, text, message]) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toContain(message);
  });

  test("are reached without a word", () => {
    const axes = times(13, (i) => `a${i}: [${times(4, (v) => `v${v}`)}]`);
    const wide = times(256, (i) => `v${i}`);
    const entries = times(SPEC_LIMITS.matrixEntriesMax, (i) => `{wide: v${i % 256}}`);
    const { axes: read, exclude } = specOf(`matrix: {axes: {wide: [${wide}], ${axes}}, exclude: [${entries}]}`);
    expect(read.own).toHaveLength(14);
    expect(exclude).toHaveLength(512);
  });

  test("hold back a file that repeats its mistakes by aliases", () => {
    const list = times(250, (i) => `ubuntux-${i}`);
    const lists = ["exclude", "keep", "override", "include"].map((key) => `${key}: [${times(512, () => "*e")}]`);
    const text = `build: &e {os: xx, gpu: yy, when: {os: [${list}]}}\nmatrix: {gpu: [none], ${lists.join(", ")}}`;
    const startedMs = performance.now();
    expect(problemsOf(text).length).toBeGreaterThan(100);
    // About 60 ms; without care, minutes.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
