import { describe, expect, test } from "vitest";
import { KNOWLEDGE } from "../knowledge/knowledge.ts";
import type { ExcludeEntry, IncludeEntry, Spec, SpecPlaces } from "../spec/spec.ts";
import { plan } from "./make-plan.ts";
import { CELLS_MAX } from "./matrix-size.ts";
import { cellNames, inputs, planned, problems, pythons, reducing, specWith, torches } from "./testing.ts";

const place = { line: 7, column: 3 };
const places: SpecPlaces = {
  file: "kiln.yaml",
  version: null,
  axes: { torch: { line: 4, column: 3 }, os: { line: 2, column: 3 }, size: { line: 5, column: 5 } },
};
const include = (...values: readonly Record<string, string>[]): readonly IncludeEntry[] =>
  values.map((of) => ({ values: of, when: null, place }));
const exclude = (...values: readonly Record<string, string>[]): readonly ExcludeEntry[] =>
  values.map((of) => ({ values: of, when: null, place, reason: "" }));
const axisOf = (spec: Spec, name: string) => planned({ spec }).axes.find((axis) => axis.name === name);

describe("values of axes", () => {
  test("are made exact, each once, and what was written is told", () => {
    const spec = specWith({ torch: torches("2.2", "2.1", "2.2.2", "2.1.1"), cuda: ["12.1"] });
    expect(axisOf(spec, "torch")).toEqual({
      name: "torch",
      values: ["2.1.1", "2.1.2", "2.2.2"],
      resolved: { "2.1": "2.1.2", "2.2": "2.2.2" },
    });
  });

  test("latest is the newest PyTorch that the data knows", () => {
    const newest = KNOWLEDGE.torchReleases.at(-1)?.version ?? "";
    expect(axisOf(specWith({ python: pythons("3.12"), torch: torches("latest"), cuda: ["cpu"] }), "torch")).toEqual({
      name: "torch",
      values: [newest],
      resolved: { latest: newest },
    });
  });

  test("a specifier takes the newest patch release of each feature version", () => {
    const torch = { kind: "specifier" as const, specifier: ">=2.1,<2.3" };
    expect(axisOf(specWith({ torch, cuda: ["cpu"] }), "torch")).toEqual({
      name: "torch",
      values: ["2.1.2", "2.2.2"],
      resolved: { ">=2.1,<2.3": "2.1.2, 2.2.2" },
    });
  });

  test("are in the order of cell names: python, torch, cuda, os, gpu, driver, then the user's own by name", () => {
    const own = ["zeta", "alpha"].map((name) => ({ name, values: ["1"] }));
    const spec = specWith({ torch: torches("2.1"), cuda: ["12.1"], gpu: ["9.0"], driver: ["535"], own });
    const { axes, cells } = planned({ spec });
    const order = ["python", "torch", "cuda", "os", "gpu", "driver", "alpha", "zeta"];
    expect(axes.map(({ name }) => name)).toEqual(order);
    expect(cells.map(({ name }) => name)).toEqual([
      "cp310-torch2.1.2-cu121-linux-x86_64-sm_90-driver535-alpha=1-zeta=1",
    ]);
    expect(Object.keys(cells[0]?.axes ?? {})).toEqual(order);
  });

  test("one that cannot be resolved is a problem with its place and what to write", () => {
    const spec = specWith({ torch: torches("2.99", "2.1"), cuda: ["cpu"] });
    const [problem, ...others] = problems({ spec, places });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ file: "kiln.yaml", line: 4, column: 3, path: "matrix.torch" });
    expect(problem?.message).toContain('"2.99"');
    expect(problem?.suggestion).toContain("latest");
  });

  test("a specifier that admits no PyTorch is a problem", () => {
    const torch = { kind: "specifier" as const, specifier: ">=99" };
    expect(problems({ spec: specWith({ torch }), places })[0]).toMatchObject({ line: 4, path: "matrix.torch" });
  });
});

describe("entries", () => {
  const torch = torches("2.1", "2.2");

  test("mean by 2.1 what the axis means by it", () => {
    const spec = specWith({ torch, cuda: ["cpu"] }, { exclude: exclude({ torch: "2.1" }) });
    expect(cellNames(planned({ spec }))).toEqual(["cp310-torch2.2.2-cpu-linux-x86_64"]);
  });

  test("that match nothing exclude nothing", () => {
    const spec = specWith({ torch, cuda: ["cpu"] }, { exclude: exclude({ torch: "2.99" }, { color: "red" }) });
    expect(planned({ spec }).excluded).toEqual([]);
  });

  test("an exclude is a rule with the user's reason and line", () => {
    const entry = { values: { cuda: "12.1" }, when: null, place, reason: "no CUDA machine yet" };
    const spec = specWith({ torch, cuda: ["cpu", "12.1"] }, { exclude: [entry] });
    expect(planned({ spec, places }).excluded).toMatchObject([
      { rule: "exclude", reason: "no CUDA machine yet", source: "kiln.yaml:7", asOf: "" },
      { name: "cp310-torch2.2.2-cu121-linux-x86_64", rule: "exclude" },
    ]);
  });

  test("an include that fits no combination adds a cell, with values and keys of its own", () => {
    const spec = specWith({}, { include: include({ os: "macos-14", python: "3.12", extra: "x" }) });
    const { axes, cells } = planned({ spec });
    expect(cells.map(({ name }) => name).toSorted()).toEqual(["cp310-linux-x86_64", "cp312-macos-14-extra=x"]);
    expect(axes.map(({ name, values }) => [name, values])).toEqual([
      ["python", ["3.10", "3.12"]],
      ["os", ["linux-x86_64", "macos-14"]],
      ["extra", ["x"]],
    ]);
  });

  test("two includes that add the same cell add it once", () => {
    const twice = { os: "macos-14", python: "3.12" };
    expect(planned({ spec: specWith({}, { include: include(twice, twice) }) }).cells).toHaveLength(2);
  });

  test("an include that adds a cell without a Python is a problem at its line", () => {
    const [problem] = problems({ spec: specWith({}, { include: include({ os: "macos-14" }) }), places });
    expect(problem).toMatchObject({ line: 7, column: 3, path: "matrix.include" });
    expect(problem?.message).toContain("without python");
  });

  test("an include of a PyTorch that does not exist is a problem, not a cell", () => {
    const [problem] = problems({ spec: specWith({}, { include: include({ torch: "2.99" }) }), places });
    expect(problem).toMatchObject({ line: 7, path: "matrix.include[0].torch" });
  });

  test("two different cells never share a name", () => {
    const [one, other] = [
      { a: "1-2", b: "3" },
      { a: "1", "2-b": "3" },
    ].map((extra) => ({
      os: "macos-14",
      python: "3.12",
      ...extra,
    }));
    const clashing = specWith({}, { include: include(one ?? {}, other ?? {}) });
    expect(problems({ spec: clashing })).toEqual([]);
    const same = specWith(
      {},
      { include: include({ ...one, a: "1-b=2" }, { os: "macos-14", python: "3.12", a: "1", b: "2-b=3" }) },
    );
    expect(problems({ spec: same })[0]?.message).toContain("two cells would have the name");
  });
});

describe("overrides", () => {
  // PyTorch 2.0 has no wheel for CUDA 12.1.
  const axes = { torch: torches("2.0", "2.1"), cuda: ["11.8", "12.1"] };
  const override = (rules: readonly string[]) => {
    const values = { torch: "2.0", cuda: "12.1" };
    return { overrides: [{ values, when: null, place, rules, reason: "we build torch ourselves" }] };
  };
  const NAME = "cp310-torch2.0.1-cu121-linux-x86_64";
  const [excluded] = planned({ spec: specWith(axes) }).excluded;

  test("plan a cell against a rule, and the plan says which and why", () => {
    expect(excluded?.name).toBe(NAME);
    for (const rules of [[excluded?.rule ?? ""], []]) {
      const { cells } = planned({ spec: specWith(axes, override(rules)) });
      expect(cells.find(({ name }) => name === NAME)?.overridden[0]).toMatchObject({
        rule: excluded?.rule,
        reason: excluded?.reason,
        source: excluded?.source,
        override: "we build torch ourselves",
      });
      expect(cells.filter(({ overridden }) => overridden.length > 0)).toHaveLength(1);
    }
  });

  test("set aside the rules that they name and no others", () => {
    const plan = planned({ spec: specWith(axes, override(["requires-python"])) });
    expect(plan.excluded).toMatchObject([{ name: NAME, rule: excluded?.rule }]);
  });

  test("do not help where Kiln cannot plan at all, nor against the user's own exclude", () => {
    const all = { values: {}, when: null, place, rules: [], reason: "please" };
    const farm = [
      { platform: "haiku-x86_64", feature: "3.12" },
      { platform: "linux-x86_64", feature: "3.12" },
    ];
    const spec = specWith({ os: "available", python: { kind: "available" } }, { overrides: [all] });
    expect(planned({ spec, farm }).excluded).toMatchObject([{ rule: "not-supported" }]);
    const both = specWith(
      { python: pythons("3.10", "3.11") },
      { overrides: [all], exclude: exclude({ python: "3.11" }) },
    );
    expect(planned({ spec: both }).excluded).toMatchObject([{ rule: "exclude" }]);
  });
});

describe("cells of which something is unknown", () => {
  const axes = { torch: torches("2.1", "2.99.0"), cuda: ["cpu"] };

  test("are planned and marked with what is not known", () => {
    const { cells } = planned({ spec: specWith(axes) });
    const marked = cells.filter(({ unknown }) => unknown.length > 0);
    expect(marked.map(({ axes: of }) => of["torch"])).toEqual(["2.99.0"]);
    for (const { rule, reason, source } of marked.flatMap(({ unknown }) => unknown)) {
      expect([rule, reason, source]).not.toContain("");
    }
  });

  test("are excluded where the spec says so", () => {
    const spec = specWith({ ...axes, python: pythons("3.10") }, { unknownCells: "exclude", include: [] });
    expect(problems({ spec })[0]?.message).toContain("nothing is left of torch 2.99.0");
    const derived = {
      ...spec,
      axes: { ...spec.axes, torch: torches("2.1") },
      include: include({ torch: "2.99.0", cuda: "cpu", os: "linux-x86_64", python: "3.10" }),
    };
    expect(planned({ spec: derived }).excluded).toMatchObject([{ axes: { torch: "2.99.0" } }]);
  });
});

describe("a value that a person named and that would vanish", () => {
  test("is a problem at its axis, with the reasons", () => {
    // No PyTorch for macOS has CUDA, so nothing is left of CUDA 12.1 there.
    const spec = specWith({ os: ["macos-14"], torch: torches("2.1"), cuda: ["cpu", "12.1"] });
    const [problem, ...others] = problems({ spec });
    expect(others).toEqual([]);
    expect(problem?.path).toBe("matrix.cuda");
    expect(problem?.message).toMatch(/^nothing is left of cuda 12\.1: ./);
  });

  test("is a system without CUDA in a matrix of CUDA versions: it takes cells for cpu to keep it", () => {
    const spec = specWith({ os: ["ubuntu-22.04", "macos-14"], torch: torches("2.1"), cuda: ["11.8", "12.1"] });
    const [problem, ...others] = problems({ spec });
    expect(others).toEqual([]);
    expect(problem?.message).toContain("nothing is left to build on macos-14");
    expect(problem?.suggestion).toContain("add cpu to matrix.cuda, include cells for macos-14");
    const added = include({ os: "macos-14", python: "3.10", torch: "2.1", cuda: "cpu" });
    const plan = planned({ spec: { ...spec, include: added } });
    expect(cellNames(plan)).toContain("cp310-torch2.1.2-cpu-macos-14");
    expect(plan.excluded).toHaveLength(2);
    expect(plan.excluded.every(({ axes, source }) => axes.os === "macos-14" && source !== "")).toBe(true);
  });

  test("is none as long as it is possible somewhere", () => {
    const spec = specWith({ os: ["macos-14", "ubuntu-22.04"], torch: torches("2.0", "2.1"), cuda: ["11.8", "12.1"] });
    const some = { ...spec, axes: { ...spec.axes, cuda: ["cpu", "11.8", "12.1"] } };
    expect(problems({ spec: some })).toEqual([]);
  });

  test("is fine when the user's own exclude takes all of it", () => {
    const spec = specWith({ cuda: ["cpu", "12.1"] }, { exclude: exclude({ cuda: "12.1" }) });
    expect(problems({ spec })).toEqual([]);
  });

  test("is fine when a pin of the candidate leaves the axis one value", () => {
    const candidate = { ...inputs().candidate, requiresDist: ["torch==2.1.2"] };
    const spec = specWith({ torch: torches("2.0", "2.1", "2.2"), cuda: ["cpu"] });
    const { cells, excluded } = planned({ spec, candidate });
    expect(cells.map(({ axes }) => axes["torch"])).toEqual(["2.1.2"]);
    expect(new Set(excluded.map(({ rule }) => rule))).toEqual(new Set(["candidate-pin"]));
  });

  test("is told as it was written", () => {
    const spec = specWith({ python: pythons("3.12"), torch: torches("2.0", "2.4"), cuda: ["cpu"] });
    expect(problems({ spec })[0]?.message).toContain("nothing is left of torch 2.0.1 (2.0)");
  });
});

describe("a matrix that is too large", () => {
  const wide = (...sizes: readonly number[]) =>
    sizes.map((size, at) => ({ name: `axis${at}`, values: Array.from({ length: size }, (_, value) => `v${value}`) }));

  test("of 10^9 combinations is refused with their number, the limit, and the axes that cause it, largest first", () => {
    const spec = specWith({ own: wide(10, 100, 1000, 1000, 1) });
    const [problem, ...others] = problems({ spec, places });
    expect(others).toEqual([]);
    expect(problem?.message).toBe(
      "the matrix has 1000000000 cells: 1000 of axis2 × 1000 of axis3 × 100 of axis1 × 10 of axis0; the limit is 100000",
    );
    expect(problem?.suggestion).not.toBe("");
  });

  test("is refused whatever its number of digits", () => {
    const spec = specWith({ own: wide(...Array.from({ length: 90 }, () => 100)) });
    expect(problems({ spec })[0]?.message).toContain("more than 10^180 cells");
    expect(problems({ spec })[0]?.message).toContain("82 smaller axes");
  });

  test("is refused when include makes it so", () => {
    const own = wide(100, 1000);
    const added = include({ os: "macos-14", python: "3.12" });
    expect(CELLS_MAX).toBe(100 * 1000);
    expect(problems({ spec: specWith({ own }, { include: added }) })[0]?.message).toContain("100001 cells");
  });

  test("is refused when a reduction would have to look at too many combinations of it", () => {
    const own = wide(...Array.from({ length: 16 }, () => 2));
    const spec = reducing(specWith({ own }), { kind: "t-wise", strength: 3 });
    const [problem, ...others] = problems({ spec });
    expect(others).toEqual([]);
    // 2^16 cells, each with 16 over 3 triples.
    expect(problem?.message).toContain(`${65_536 * 560} triples`);
    expect(problem?.path).toBe("profiles.minor.reduce");
  });

  test("is not cut: as many cells as the limit are all planned", () => {
    const result = plan(inputs({ spec: specWith({ own: wide(100, 1000) }) }));
    expect(result.ok && result.plan.cells.length).toBe(CELLS_MAX);
  });
});

test("the newest fact of the data is the plan's data version", () => {
  expect(planned().dataVersion).toBe(KNOWLEDGE.version);
});
