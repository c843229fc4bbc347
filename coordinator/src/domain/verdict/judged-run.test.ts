import { CATALOGUE, COMPARE_POLICY, type Judged } from "@kiln/gate";
import { expect, test } from "vitest";
import { boundedResult, comparedBenchmark } from "./judged-run.ts";

test("a comparison is stored without its samples, and an interval without a bound survives JSON", () => {
  const [judged] = CATALOGUE.G22.cases.pass.facts.comparisons ?? [];
  if (!judged || !("effect" in judged.outcome) || !judged.outcome.effect) throw new Error("the case has an effect");
  const { effect } = judged.outcome;
  const open: Judged = {
    comparison: judged.comparison,
    outcome: { kind: "unchanged", effect: { ...effect, ratio: { ...effect.ratio, high: Number.POSITIVE_INFINITY } } },
  };
  const stored = comparedBenchmark(open, COMPARE_POLICY);
  expect(stored).toMatchObject({
    benchmark: "fib:time",
    outcome: "unchanged",
    effect: { ratio: { high: null }, pairs: 10 },
  });
  expect(stored).not.toHaveProperty("screened");
  expect(JSON.parse(JSON.stringify(stored))).toEqual(stored);
});

test("why nothing can be told of a benchmark stands beside it", () => {
  const { comparison } = CATALOGUE.G22.cases.pass.facts.comparisons?.[0] ?? {};
  if (!comparison) throw new Error("the case has a comparison");
  expect(comparedBenchmark({ comparison, outcome: { kind: "invalid", reason: "busy" } }, COMPARE_POLICY)).toMatchObject(
    {
      effect: null,
      reason: "busy",
    },
  );
  expect(comparedBenchmark({ comparison, outcome: { kind: "no-baseline" } }, COMPARE_POLICY)).toMatchObject({
    effect: null,
    reason: "",
  });
});

test("a gate is stored with bounded texts, and no value that JSON cannot hold", () => {
  const long = "x".repeat(10_000);
  const measured = {
    kind: "measured",
    what: "w",
    value: Number.NaN,
    unit: "s",
    limit: "≤ 1",
    text: "not a number",
  } as const;
  const result = boundedResult({
    ...{ id: "G13", name: "matrix-completeness", outcome: "fail", reason: long, evidenceOmitted: 0 },
    evidence: [{ kind: "job", job: "j", outcome: "tests-failed", summary: long }, measured],
  });
  expect(JSON.stringify(result).length).toBeLessThan(2_000);
  expect(result.evidence[1]).toEqual({ kind: "statement", text: "not a number" });
});
