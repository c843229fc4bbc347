import { expect, test } from "vitest";
import { parseLabels } from "./labels.ts";

test("labels are pairs, and a value may have equals signs", () => {
  expect(parseLabels(["rack=a3", "team.gpu=x=y"])).toEqual({ ok: true, labels: { rack: "a3", "team.gpu": "x=y" } });
  expect(parseLabels([])).toEqual({ ok: true, labels: {} });
});

test("what is no label is named, with the rule", () => {
  for (const pair of ["rack", "=a", "Rack=a", "rack=", "rack=a b", "rack=a,b", `rack=${"x".repeat(64)}`]) {
    const result = parseLabels(["ok=1", pair]);
    expect(result).toMatchObject({ ok: false, message: expect.stringContaining(JSON.stringify(pair)) as string });
  }
  expect(parseLabels(["a=1", "a=2"])).toMatchObject({ ok: false });
  expect(parseLabels(Array.from({ length: 33 }, (_, i) => `k${i}=v`))).toMatchObject({ ok: false });
});
