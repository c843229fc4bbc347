import { describe, expect, test } from "vitest";
import type { JobFact } from "../facts.ts";
import { CATALOGUE } from "../rules/catalogue.ts";
import type { GateFacts } from "../rules/gate-facts.ts";
import { judgeGates } from "../rules/judge-gates.ts";
import { gatesOf } from "./default-gates.ts";
import { NO_POLICY } from "./release-policy.ts";

const job = (kind: JobFact["kind"]): JobFact => ({ name: kind, kind, needs: [], outcome: "passed", summary: "" });
const RUN: GateFacts = { run: { jobs: [job("build"), job("test")] } };
const idsOf = (facts: GateFacts, policy = NO_POLICY) => Object.keys(gatesOf(policy, facts)).sort();

describe("a release whose spec names no gate", () => {
  test("has to pass its matrix, and the gates that have something to judge", () => {
    expect(idsOf(RUN)).toEqual(["G13"]);
    const { G10, G11, G12, G14 } = CATALOGUE;
    const all = Object.assign(
      {},
      RUN,
      G10.cases.pass.facts,
      G11.cases.pass.facts,
      G12.cases.pass.facts,
      G14.cases.pass.facts,
      {
        artifacts: CATALOGUE.G17.cases.pass.facts.artifacts,
      },
    ) as GateFacts;
    expect(idsOf(all)).toEqual(["G10", "G11", "G12", "G13", "G14", "G17"]);
  });

  test("is held to a policy or SM architectures only where a wheel promises them", () => {
    const [audit] = CATALOGUE.G11.cases.pass.facts.audits ?? [];
    if (!audit) throw new Error("the case has an audit");
    expect(idsOf({ ...RUN, audits: [{ ...audit, promisedPolicy: null, promisedSms: [] }] })).not.toContain("G11");
    expect(idsOf({ ...RUN, audits: [{ ...audit, promisedPolicy: null }] })).toContain("G11");
  });

  test("may skip as many tests as it likes, but has to execute one and fail none", () => {
    const [suite] = CATALOGUE.G14.cases.pass.facts.suites ?? [];
    if (!suite) throw new Error("the case has a suite");
    const verdict = (changes: object) => {
      const facts = { ...RUN, suites: [{ ...suite, ...changes }] };
      return judgeGates(facts, gatesOf(NO_POLICY, facts), []).verdict;
    };
    expect(verdict({ executed: 1, skipped: 500 })).toBe("pass");
    expect(verdict({ executed: 0, skipped: 500 })).toBe("fail");
    expect(verdict({ failed: 1 })).toBe("fail");
  });

  test("with bench jobs of which nothing is known stays undecided, and does not pass without them", () => {
    const facts: GateFacts = { run: { jobs: [...(RUN.run?.jobs ?? []), job("bench")] } };
    expect(judgeGates(facts, gatesOf(NO_POLICY, facts), [])).toMatchObject({
      verdict: "inconclusive",
      gates: [
        { id: "G13", outcome: "pass" },
        { id: "G22", outcome: "not-run" },
      ],
    });
  });
});

test("a spec takes a default away by off, and changes it by its own options", () => {
  const suites = CATALOGUE.G14.cases.pass.facts.suites ?? [];
  const facts = { ...RUN, suites };
  expect(idsOf(facts, { ...NO_POLICY, off: ["G14", "G13"] })).toEqual([]);
  expect(gatesOf({ ...NO_POLICY, gates: { G14: { executedMin: 9 } } }, facts).G14).toEqual({ executedMin: 9 });
});
