import { describe, expect, test } from "vitest";
import { CATALOGUE } from "./catalogue.ts";
import type { FactName, GateFacts } from "./gate-facts.ts";
import type { Rule } from "./rule.ts";

const rules = Object.entries(CATALOGUE).map(([id, rule]) => [id, rule as Rule<object>] as const);

describe.for(rules)("%s", ([id, { id: own, name, needs, judge, cases }]) => {
  test("stands under its own number, with a name", () => {
    expect(own).toBe(id);
    expect(name).toMatch(/^[a-z-]+$/u);
  });

  test("passes its passing case, with a sentence", () => {
    const found = judge(cases.pass.facts, cases.pass.options);
    expect(found).toMatchObject({ outcome: "pass" });
    expect(found.reason).not.toBe("");
  });

  test("fails its failing case, and names the evidence", () => {
    const found = judge(cases.fail.facts, cases.fail.options);
    expect(found).toMatchObject({ outcome: "fail" });
    expect(found.reason).not.toBe("");
    expect(found.evidence.length).toBeGreaterThan(0);
  });

  test("neither passes nor fails the case that it cannot tell", () => {
    const found = judge(cases.cannotTell.facts, cases.cannotTell.options);
    expect(["inconclusive", "invalid", "not-run"]).toContain(found.outcome);
    expect(found.reason).not.toBe("");
  });

  test("is not run without any one of the facts that it declares, and names it", () => {
    expect(needs.length).toBeGreaterThan(0);
    for (const missing of needs) {
      const { [missing]: _gone, ...facts } = cases.pass.facts;
      expect(judge(facts, cases.pass.options)).toMatchObject({ outcome: "not-run", reason: `not known: ${missing}` });
    }
    expect(judge({}, cases.pass.options).outcome).toBe("not-run");
  });

  test("passes nothing that is empty", () => {
    const empty = Object.fromEntries(
      Object.entries(cases.pass.facts).map(([fact, value]) => [
        fact,
        Array.isArray(value) && fact !== "changedKernelSources" && fact !== "matrixPythons" ? [] : value,
      ]),
    ) as GateFacts;
    if (needs.some((fact: FactName) => Array.isArray(empty[fact])))
      expect(judge(empty, cases.pass.options).outcome).not.toBe("pass");
    else expect(["G05", "G13"]).toContain(id);
  });
});
