import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CATALOGUE, type GateId } from "../rules/catalogue.ts";
import { dayStartMs } from "../text/calendar-day.ts";
import { GATE_SECTIONS, UNJUDGED_GATES, writtenOptions } from "./gate-sections.ts";
import type { PolicyNode } from "./policy-node.ts";
import { readPolicy } from "./read-policy.ts";
import { nodeOf } from "./testing.ts";

const DIGEST = "c".repeat(64);

function policyOf(gates: string, patch: string | null = null, waivers: string | null = null) {
  const read = readPolicy({
    gates: nodeOf(gates),
    waivers: waivers === null ? null : nodeOf(waivers),
    profiles: { minor: null, patch: patch === null ? null : nodeOf(patch) },
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems, null, 2));
  return read.policies;
}

function problemsOf(gates: string, waivers: string | null = null): readonly string[] {
  const nodes = { gates: nodeOf(gates), waivers: waivers === null ? null : nodeOf(waivers) };
  const read = readPolicy({ ...nodes, profiles: { minor: null } });
  if (read.ok) return [];
  return read.problems.map(({ line, column, path, message, suggestion }) => {
    expect(suggestion).not.toBe("");
    return `${line}:${column} ${path} | ${message} | ${suggestion}`;
  });
}

describe("a policy", () => {
  test("names gates by number or name, with options in base units", () => {
    const { minor } = policyOf(`
coverage: {share-min: 90 %}
G14: {executed-min: 100, skip-share-max: 0.1}
vulnerability-scan: {severity-min: medium, database-age-max: 2d12h, database: live, scans: [trivy]}
soak-leak: {duration: 8h, growth-max: 100 MB}
absolute-budget: {budgets: [{what: "step:time", at-most: 1.5 ms}, {what: "gpu:use", at-least: 80 %}]}
approval: {required: [{role: releaser, count: 2}, {who: ada}]}
changelog-entry:
artifact-contents: off
`);
    expect(minor).toEqual({
      gates: {
        G16: { shareMin: 0.9 },
        G14: { executedMin: 100, skipShareMax: 0.1 },
        G20: { severityMin: "medium", databaseAgeMaxMs: 60 * 3_600_000 },
        G25: { durationMs: 8 * 3_600_000, growthMaxBytes: 100e6 },
        G23: {
          budgets: [
            { what: "step:time", limit: "at-most", value: 0.0015, unit: "s" },
            { what: "gpu:use", limit: "at-least", value: 0.8, unit: "1" },
          ],
        },
        M01: { required: [{ role: "releaser", count: 2 }, { who: "ada" }] },
        G05: {},
      },
      off: ["G10"],
      sources: { database: { kind: "live" }, scans: ["trivy"] },
      waivers: [],
    });
  });

  test("says where the version stands, in four ways", () => {
    const { minor } = policyOf(`
version-consistency:
  places:
    - {file: pyproject.toml, toml: project.version}
    - {file: Chart.yaml, yaml: version}
    - {file: src/demo/__init__.py, python: __version__}
    - {file: docs/conf.py, text: 'release = "{version}"'}
`);
    expect(minor?.sources.versionPlaces).toEqual([
      { file: "pyproject.toml", kind: "toml", key: "project.version" },
      { file: "Chart.yaml", kind: "yaml", key: "version" },
      { file: "src/demo/__init__.py", kind: "python", name: "__version__" },
      { file: "docs/conf.py", kind: "text", before: 'release = "', after: '"' },
    ]);
  });

  test("of a profile is laid over the spec's own, option by option", () => {
    const { minor, patch } = policyOf(
      "G14: {executed-min: 10, skip-share-max: 10 %}\nG16: {share-min: 80 %}\nG05: off",
      "{G14: {executed-min: 2}, coverage: off, changelog-entry: {file: NEWS.md}}",
    );
    expect(minor).toMatchObject({ gates: { G14: { executedMin: 10 }, G16: { shareMin: 0.8 } }, off: ["G05"] });
    expect(patch).toEqual({
      gates: { G14: { executedMin: 2, skipShareMax: 0.1 }, G05: {} },
      off: ["G16"],
      sources: { changelog: "NEWS.md" },
      waivers: [],
    });
  });

  test("has waivers, which hold to the end of their last day", () => {
    const waiver = `[{gate: coverage, reason: no machine, who: ada, expires: 2026-12-31, digest: ${DIGEST}}]`;
    const { minor } = policyOf("", null, waiver);
    expect(minor?.waivers).toEqual([
      { gate: "G16", why: "no machine", who: "ada", digest: DIGEST, expiresAtMs: Date.UTC(2027, 0, 1) },
    ]);
  });

  test("can say something of every option of every rule but what no person declares", () => {
    for (const [id, rule] of Object.entries(CATALOGUE)) {
      const { options } = GATE_SECTIONS[id as GateId];
      expect([id, Object.keys(options).sort()]).toEqual([id, Object.keys(rule.defaults).sort()]);
    }
  });
});

describe("a mistake", () => {
  test.for([
    ["[]", "1:1 gates | gates is a list | write a mapping"],
    ["{coverag: {}}", '1:2 gates.coverag | there is no gate "coverag" | did you mean "coverage"?'],
    ["{G04: on}", "1:2 gates.G04 | this Kiln cannot judge G04 ref-hygiene yet | leave it out"],
    ["{lint-types: on}", "1:2 gates.lint-types | this Kiln cannot judge G18 lint-types yet"],
    ["{G16: {}, coverage: {}}", "1:11 gates.coverage | coverage and G16 are one gate, and it stands here twice"],
    ["{G16: 80}", "1:7 gates.G16 | gates.G16 is the number 80 | write on, off or its options: share-min"],
    ["{G13: true}", "1:7 gates.G13 | gates.G13 is the boolean true | write on"],
    [
      "{G13: {min: 3}}",
      '1:8 gates.G13.min | matrix-completeness has no option "min" | matrix-completeness has no options',
    ],
    [
      "{G16: {share-mn: 0.8}}",
      '1:8 gates.G16.share-mn | coverage has no option "share-mn" | did you mean "share-min"?',
    ],
    [
      "{G16: {share-min: 80}}",
      '1:19 gates.G16.share-min | gates.G16.share-min is "80", and a share is 0 to 1 | write 80 %',
    ],
    ["{G16: {share-min: lots}}", '1:19 gates.G16.share-min | gates.G16.share-min is "lots", which is no share'],
    ["{G16: {share-min: }}", "1:19 gates.G16.share-min | gates.G16.share-min has no value"],
    ["{G14: {executed-min: 0}}", "which is no whole number from 1"],
    ["{G25: {duration: 8}}", "which is no duration | write a duration"],
    ["{G25: {growth-max: 100 s}}", "which is no size"],
    ["{G25: {growth-max: 100 parsecs}}", "whose unit is none of"],
    ["{G20: {severity-min: hgh}}", 'did you mean "high"?'],
    ["{G20: {database: dead}}", "write live, or {file:"],
    ["{G21: {in-wheels: yes}}", "write true or false"],
    ["{G05: {file: ../CHANGELOG.md}}", "which does not stay in the source"],
    ["{G01: {places: []}}", "is an empty list | write a list"],
    ["{G01: {places: [{toml: a}]}}", "gates.G01.places[0] has no file"],
    ["{G01: {places: [{file: a}]}}", "has none of toml, yaml, python and text"],
    ["{G01: {places: [{file: a, toml: b, yaml: c}]}}", "has several of toml, yaml, python and text"],
    ["{G01: {places: [{file: a, text: version}]}}", "without one {version}"],
    ["{G23: {budgets: [{what: a, at-most: 1 s, at-least: 1 s}]}}", "has not one of at-most and at-least"],
    ["{M01: {required: [{who: ada, count: 2}]}}", "has a count of one person"],
    ["{M01: {required: [{}]}}", "has not one of role and who"],
  ] as const)("%s is told with its place and what to write instead", ([text, told]) => {
    expect(problemsOf(text).join("\n")).toContain(told);
  });

  test.for([
    ["[{gate: coverage}]", "waivers[0] has no reason"],
    [`[{gate: G16, reason: a, who: b, expires: 2026-02-30, digest: ${DIGEST}}]`, '"2026-02-30", which is no day'],
    ["[{gate: G16, reason: a, who: b, expires: 2026-02-20, digest: abc}]", "which is no digest"],
    [`[{gate: G99, reason: a, who: b, expires: 2026-02-20, digest: ${DIGEST}}]`, 'there is no gate "G99"'],
    ["none", 'waivers is "none" | write a list'],
  ] as const)("in waivers %s is told, too", ([text, told]) => {
    expect(problemsOf("{}", text).join("\n")).toContain(told);
  });

  test("never is an exception, whatever the document", () => {
    const place = { line: 1, column: 1 };
    const word = fc.constantFrom(
      "G16",
      "coverage",
      "on",
      "off",
      "places",
      "file",
      "toml",
      "budgets",
      "what",
      "at-most",
      "1 s",
      "80 %",
      "",
      "x".repeat(600),
    );
    const { node } = fc.letrec<{ node: PolicyNode }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.record({ type: fc.constantFrom("string", "number", "boolean", "null"), at: fc.constant(place), text: word }),
        fc.record({
          type: fc.constant("list" as const),
          at: fc.constant(place),
          items: fc.array(tie("node"), { maxLength: 3 }),
        }),
        fc.record({
          type: fc.constant("map" as const),
          at: fc.constant(place),
          entries: fc.array(fc.record({ key: word, keyAt: fc.constant(place), value: tie("node") }), { maxLength: 3 }),
        }),
      ),
    }));
    fc.assert(
      fc.property(node, node, (gates, waivers) => {
        const read = readPolicy({ gates, waivers, profiles: { minor: null } });
        if (!read.ok) expect(read.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

test("gates that are judged, and those that are not yet, are the catalogue's G01 to G31, M01 and M02", () => {
  const expected = [...Array.from({ length: 31 }, (_, i) => `G${String(i + 1).padStart(2, "0")}`), "M01", "M02"];
  expect([...Object.keys(CATALOGUE), ...Object.keys(UNJUDGED_GATES)].sort()).toEqual(expected);
  expect(writtenOptions("G16")).toEqual(["share-min"]);
});

test("a day begins where the calendar has it", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date("1900-01-01"), max: new Date("2300-01-01"), noInvalidDate: true }), (date) => {
      const text = date.toISOString().slice(0, 10);
      expect(dayStartMs(text)).toBe(Date.parse(`${text}T00:00:00Z`));
    }),
  );
  expect(["2026-02-29", "2026-13-01", "2026-00-10", "26-1-1", "2026-04-31"].map(dayStartMs)).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
});
