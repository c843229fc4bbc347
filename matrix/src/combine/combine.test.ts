import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Condition, ExcludeEntry, IncludeEntry } from "../spec/spec.ts";
import { combine, type Combination } from "./combine.ts";
import { matches, type AxisValues } from "./condition.ts";
import type { ProductAxis } from "./entry-sets.ts";

const PLACE = { line: 1, column: 1 };

function include(values: AxisValues, when: Condition | null = null): IncludeEntry {
  return { values, when, place: PLACE };
}

function exclude(values: AxisValues, when: Condition | null = null): ExcludeEntry {
  return { values, when, place: PLACE, reason: "" };
}

function axesOf(axes: Readonly<Record<string, readonly string[]>>): readonly ProductAxis[] {
  return Object.entries(axes).map(([name, values]) => ({ name, values }));
}

const anyOf = (...values: string[]) => ({ kind: "any-of", values }) as const;

/** What is run, a combination a line: "rye sand". */
function run(combinations: readonly Combination[]): string[] {
  return combinations
    .filter(({ excludedBy }) => excludedBy === null)
    .map(({ values }) => Object.values(values).join(" "));
}

// "Running variations of jobs in a workflow", GitHub Actions documentation.
describe("what GitHub's documentation shows", () => {
  test("every combination is run, the first axis slowest", () => {
    const axes = axesOf({ level: ["1", "2", "3"], soil: ["sand", "loam"] });
    expect(run(combine({ axes, include: [], exclude: [] }))).toEqual([
      "1 sand",
      "1 loam",
      "2 sand",
      "2 loam",
      "3 sand",
      "3 loam",
    ]);
  });

  test("includes extend, overwrite what includes added, never what the matrix has, and else add: four become six", () => {
    const axes = axesOf({ crop: ["rye", "oat"], soil: ["sand", "loam"] });
    const entries = [
      include({ water: "little" }),
      include({ water: "much", soil: "sand" }),
      include({ crop: "rye", month: "may" }),
      include({ crop: "rice" }),
      include({ crop: "rice", soil: "sand" }),
    ];
    expect(combine({ axes, include: entries, exclude: [] })).toEqual([
      { values: { crop: "rye", soil: "sand", water: "much", month: "may" }, excludedBy: null, from: "extended" },
      { values: { crop: "rye", soil: "loam", water: "little", month: "may" }, excludedBy: null, from: "extended" },
      { values: { crop: "oat", soil: "sand", water: "much" }, excludedBy: null, from: "extended" },
      { values: { crop: "oat", soil: "loam", water: "little" }, excludedBy: null, from: "extended" },
      { values: { crop: "rice" }, excludedBy: null, from: "include" },
      { values: { crop: "rice", soil: "sand" }, excludedBy: null, from: "include" },
    ]);
  });

  test("an include that names a whole combination and a new key adds the key to that one alone", () => {
    const axes = axesOf({ soil: ["sand", "loam"], level: ["1", "2"] });
    const made = combine({ axes, include: [include({ soil: "sand", level: "2", seed: "6" })], exclude: [] });
    expect(run(made)).toEqual(["sand 1", "sand 2 6", "loam 1", "loam 2"]);
  });

  test("an include with a value that the matrix has not is a combination more", () => {
    const axes = axesOf({ soil: ["sand", "loam", "clay"], level: ["1", "2"] });
    const made = combine({ axes, include: [include({ soil: "sand", level: "9" })], exclude: [] });
    expect(run(made)).toHaveLength(7);
    expect(made.at(-1)).toMatchObject({ values: { soil: "sand", level: "9" }, from: "include" });
  });

  test("a matrix of includes alone is those, each once", () => {
    const entries = [include({ site: "north" }), include({ site: "south" }), include({ site: "north" })];
    expect(run(combine({ axes: [], include: entries, exclude: [] }))).toEqual(["north", "south", "north"]);
    expect(combine({ axes: [], include: [], exclude: [] })).toEqual([]);
  });

  test("an exclude needs only part of a combination: twelve become nine", () => {
    const axes = axesOf({ soil: ["sand", "loam"], level: ["1", "2", "3"], use: ["trial", "sale"] });
    const entries = [exclude({ soil: "sand", level: "1", use: "sale" }), exclude({ soil: "loam", level: "3" })];
    const made = combine({ axes, include: [], exclude: entries });
    expect(made).toHaveLength(12);
    expect(run(made)).toHaveLength(9);
    expect(
      made.filter(({ excludedBy }) => excludedBy !== null).map(({ values }) => Object.values(values).join(" ")),
    ).toEqual(["sand 1 sale", "loam 3 trial", "loam 3 sale"]);
  });

  test("excludes come first: an include can bring an excluded combination back, and it is there once", () => {
    const axes = axesOf({ crop: ["rye", "oat"], soil: ["sand", "loam"] });
    const made = combine({
      axes,
      include: [include({ crop: "rye", soil: "loam" })],
      exclude: [exclude({ soil: "loam" })],
    });
    expect(run(made)).toEqual(["rye sand", "rye loam", "oat sand"]);
    expect(made).toHaveLength(4);
  });
});

describe("excludes", () => {
  const axes = axesOf({ crop: ["rye", "oat"], soil: ["sand", "loam"] });

  test("the first that matches is the one that is named", () => {
    const [narrow, wide] = [exclude({ crop: "rye", soil: "sand" }), exclude({ crop: "rye" })];
    const made = combine({ axes, include: [], exclude: [narrow, wide] });
    expect(made.map(({ excludedBy }) => excludedBy)).toEqual([narrow, wide, null, null]);
  });

  test("one that asks for a key of an include never matches, since includes come later", () => {
    const made = combine({ axes, include: [include({ water: "much" })], exclude: [exclude({ water: "much" })] });
    expect(run(made)).toHaveLength(4);
    expect(
      run(combine({ axes, include: [], exclude: [exclude({ crop: "rye" }, { water: anyOf("much") })] })),
    ).toHaveLength(4);
  });

  test("no include is added to an excluded combination", () => {
    const made = combine({
      axes,
      include: [include({ crop: "rye", water: "much" })],
      exclude: [exclude({ soil: "sand" })],
    });
    expect(made[0]).toEqual({
      values: { crop: "rye", soil: "sand" },
      excludedBy: exclude({ soil: "sand" }),
      from: "product",
    });
    expect(made[1]).toMatchObject({ values: { water: "much" }, from: "extended" });
  });

  test("a when narrows them", () => {
    const made = combine({ axes, include: [], exclude: [exclude({ crop: "rye" }, { soil: anyOf("loam", "clay") })] });
    expect(run(made)).toEqual(["rye sand", "oat sand", "oat loam"]);
  });
});

describe("includes with a when", () => {
  const axes = axesOf({ cuda: ["cpu", "11.8", "12.1"], os: ["a", "b"] });
  const specifier = (text: string) => ({ kind: "specifier", specifier: text }) as const;

  test("extend where it holds", () => {
    const made = combine({ axes, include: [include({ gpu: "H100" }, { cuda: specifier(">=12") })], exclude: [] });
    expect(run(made)).toEqual(["cpu a", "cpu b", "11.8 a", "11.8 b", "12.1 a H100", "12.1 b H100"]);
  });

  test("see what earlier includes added, and not what later ones will", () => {
    const needsGpu = include({ driver: "535" }, { gpu: anyOf("H100") });
    const givesGpu = include({ cuda: "12.1", gpu: "H100" });
    const with535 = (entries: readonly IncludeEntry[]) =>
      combine({ axes, include: entries, exclude: [] }).filter(({ values }) => values["driver"] === "535").length;
    expect(with535([givesGpu, needsGpu])).toBe(2);
    expect(with535([needsGpu, givesGpu])).toBe(0);
  });

  test("make no combination, although the same without a when would", () => {
    const value = { cuda: "13.0", os: "a" };
    expect(combine({ axes, include: [include(value, { os: anyOf("a") })], exclude: [] })).toHaveLength(6);
    expect(combine({ axes, include: [include(value)], exclude: [] })).toHaveLength(7);
  });
});

/**
 * A second telling of the rules, as close to the documentation's words as code
 * can be: slow, and sharing nothing with `combine` but what `matches` means.
 */
function naive(
  axes: readonly ProductAxis[],
  includes: readonly IncludeEntry[],
  excludes: readonly ExcludeEntry[],
): { readonly run: AxisValues[]; readonly excluded: AxisValues[] } {
  let product: Record<string, string>[] = axes.length === 0 ? [] : [{}];
  for (const { name, values } of axes) {
    product = product.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value })));
  }
  const excluded = product.filter((combination) => excludes.some((entry) => matches(entry, combination)));
  const left = product
    .filter((combination) => !excluded.includes(combination))
    .map((original) => ({ original, now: { ...original } }));
  const created: AxisValues[] = [];
  for (const { values, when } of includes) {
    let addedToAny = false;
    for (const { original, now } of left) {
      const overwrites = Object.entries(values).some(([key, value]) => key in original && original[key] !== value);
      if (overwrites || !matches({ values: {}, when }, now)) continue;
      Object.assign(now, values);
      addedToAny = true;
    }
    if (!addedToAny && when === null) created.push(values);
  }
  const isCreated = (combination: AxisValues) =>
    created.some((other) => JSON.stringify(sorted(other)) === JSON.stringify(sorted(combination)));
  return {
    run: [...left.map(({ now }) => now), ...created],
    excluded: excluded.filter((combination) => !isCreated(combination)),
  };
}

function sorted(values: AxisValues): readonly (readonly [string, string])[] {
  return Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function asText(combinations: readonly AxisValues[]): string[] {
  return combinations.map((values) => JSON.stringify(sorted(values))).toSorted();
}

describe("any matrix", () => {
  const NAMES = ["a", "b", "c", "d"];
  const value = fc.constantFrom("1", "2", "3", "4.5", "cpu");
  const axes = fc
    .uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.uniqueArray(value, { maxLength: 4 }).map((values): ProductAxis => ({ name, values })),
        ),
      ),
    );
  const assignment = fc.dictionary(fc.constantFrom(...NAMES, "x", "y"), value, { maxKeys: 3 });
  const conditionTest = fc.oneof(
    fc.uniqueArray(value, { minLength: 1, maxLength: 3 }).map((values) => ({ kind: "any-of", values }) as const),
    fc.constantFrom(">=2", "<3", "!=1", ">=2,<4").map((specifier) => ({ kind: "specifier", specifier }) as const),
  );
  const when = fc.option(fc.dictionary(fc.constantFrom(...NAMES, "x", "y"), conditionTest, { minKeys: 1, maxKeys: 2 }));
  const entries = fc.array(
    fc.record({ values: assignment, when, place: fc.constant(PLACE), reason: fc.constant("") }),
    {
      maxLength: 40,
    },
  );

  test("comes out as the documentation's words say", () => {
    fc.assert(
      fc.property(axes, entries, entries, (product, includes, excludes) => {
        const made = combine({ axes: product, include: includes, exclude: excludes });
        const expected = naive(product, includes, excludes);
        expect(asText(made.filter(({ excludedBy }) => excludedBy === null).map(({ values }) => values))).toEqual(
          asText(expected.run),
        );
        expect(asText(made.filter(({ excludedBy }) => excludedBy !== null).map(({ values }) => values))).toEqual(
          asText(expected.excluded),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test("names the first exclude that matches, and changes nothing that it was given", () => {
    fc.assert(
      fc.property(axes, entries, entries, (product, includes, excludes) => {
        const before = JSON.stringify([product, includes, excludes]);
        for (const { values, excludedBy } of combine({ axes: product, include: includes, exclude: excludes })) {
          if (excludedBy !== null) expect(excludes.find((entry) => matches(entry, values))).toBe(excludedBy);
        }
        expect(JSON.stringify([product, includes, excludes])).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  test("keeps the order of the product, and what an include makes comes last", () => {
    fc.assert(
      fc.property(axes, entries, (product, includes) => {
        const made = combine({ axes: product, include: includes, exclude: [] });
        const size = product.length === 0 ? 0 : product.reduce((cells, { values }) => cells * values.length, 1);
        const places = made
          .slice(0, size)
          .map(({ values }) =>
            product.reduce((at, axis) => at * axis.values.length + axis.values.indexOf(values[axis.name] ?? ""), 0),
          );
        expect(places).toEqual(places.map((_, index) => index));
        for (const { from } of made.slice(size)) expect(from).toBe("include");
      }),
      { numRuns: 500 },
    );
  });
});

test("a hundred thousand combinations with a hundred entries take well under a second", () => {
  const values = (prefix: string) => Array.from({ length: 10 }, (_, index) => `${prefix}${index}`);
  const axes = axesOf({
    python: values("3."),
    torch: values("2."),
    cuda: values("1"),
    os: values("o"),
    gpu: values("g"),
  });
  const entries = Array.from({ length: 50 }, (_, index) => ({
    torch: `2.${index % 10}`,
    os: `o${(index * 3) % 10}`,
    ...(index % 2 === 0 ? {} : { gpu: `g${(index * 7) % 10}` }),
  }));
  const startedMs = performance.now();
  const made = combine({
    axes,
    include: entries.map((entry, index) => include({ ...entry, [`x${index % 5}`]: `v${index}` })),
    exclude: entries.map((entry) => exclude(entry, { python: { kind: "specifier", specifier: "<3.4" } })),
  });
  const tookMs = performance.now() - startedMs;
  expect(made).toHaveLength(100_000);
  // About 80 ms on one core of a small machine; the rest is room for a busy one.
  expect(tookMs).toBeLessThan(1_000);
});
