import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVIDENCE_MAX } from "../verdict.ts";
import { CATALOGUE, type GateId, type GatePolicy } from "./catalogue.ts";
import { CANDIDATE } from "./case-facts.ts";
import type { GateFacts } from "./gate-facts.ts";
import { judgeGates } from "./judge-gates.ts";
import type { Rule } from "./rule.ts";
import type { Waiver } from "./waiver.ts";

const NOW = 1_795_000_000_000;
const IDS = Object.keys(CATALOGUE) as GateId[];
const { approval, examplesRun } = { approval: CATALOGUE.M01, examplesRun: CATALOGUE.G27 };

const FACTS: GateFacts = { nowMs: NOW, candidate: CANDIDATE, ...examplesRun.cases.fail.facts };
const WAIVER: Waiver = {
  gate: "G27",
  who: "ada",
  why: "the example needs a camera",
  expiresAtMs: NOW + 1,
  digest: CANDIDATE.digest,
};

describe("a verdict", () => {
  test("is that of the worst gate, with all gates of the policy in the catalogue's order", () => {
    const { verdict, gates, reason } = judgeGates({ ...FACTS, ...approval.cases.pass.facts }, { M01: {}, G27: {} }, []);
    expect(verdict).toBe("fail");
    expect(gates.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(["G27 fail", "M01 pass"]);
    expect(reason).toContain("exited with 1");
  });

  test("without facts is inconclusive by every gate alone: no data is never a pass", () => {
    for (const id of IDS) {
      const policy: GatePolicy = { [id]: {} };
      expect(judgeGates({}, policy, [])).toMatchObject({
        verdict: "inconclusive",
        gates: [{ id, outcome: "not-run" }],
      });
    }
    expect(judgeGates({}, {}, []).verdict).toBe("inconclusive");
  });

  test("of a gate that the catalogue does not have is not run, not forgotten", () => {
    expect(judgeGates(FACTS, { G28: {} } as GatePolicy, [])).toMatchObject({
      verdict: "inconclusive",
      gates: [{ id: "G28", outcome: "not-run", reason: "no gate G28 can be judged yet" }],
    });
  });

  test("takes options over a rule's defaults", () => {
    const suites = CATALOGUE.G14.cases.pass.facts;
    expect(judgeGates(suites, { G14: {} }, []).verdict).toBe("pass");
    expect(judgeGates(suites, { G14: { executedMin: 1_000 } }, []).verdict).toBe("fail");
  });

  test("keeps at most a hundred pieces of evidence, and says how many more there are", () => {
    const examples = Array.from({ length: 130 }, (_, i) => ({ name: `e${i}.py`, cell: "c", exitCode: 1 }));
    const [gate] = judgeGates({ examples }, { G27: {} }, []).gates;
    expect(gate?.evidence).toHaveLength(EVIDENCE_MAX);
    expect(gate?.evidenceOmitted).toBe(30);
    expect(gate?.reason).toBe("e0.py in c exited with 1; and 129 more");
  });

  test("by all gates of the catalogue is made 2,000 times in under five seconds, on a busy machine too", () => {
    const facts = Object.assign({}, ...IDS.map((id) => CATALOGUE[id].cases.pass.facts)) as GateFacts;
    const policy = Object.fromEntries(IDS.map((id) => [id, CATALOGUE[id].cases.pass.options])) as GatePolicy;
    expect(judgeGates(facts, policy, [])).toMatchObject({ verdict: "pass" });
    const started = performance.now();
    for (let i = 0; i < 2_000; i += 1) judgeGates(facts, policy, [WAIVER]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("any mix of rules' cases passes only if every gate passes", () => {
    const kinds = fc.constantFrom("pass", "fail", "cannotTell");
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...IDS), kinds), { minLength: 1, maxLength: 8 }), (chosen) => {
        const results = chosen.map(([id, kind]) => {
          const { cases } = CATALOGUE[id] as Rule<object>;
          return judgeGates(cases[kind as "pass"].facts, { [id]: cases[kind as "pass"].options }, []).verdict;
        });
        for (const [i, [, kind]] of chosen.entries())
          expect(results[i]).toBe(kind === "cannotTell" ? "inconclusive" : kind);
      }),
    );
  });
});

describe("a waiver", () => {
  const waived = (waiver: Waiver, facts = FACTS) => judgeGates(facts, { G27: {} }, [waiver]);

  test("opens a failed gate, and says who, why and what it was", () => {
    expect(waived(WAIVER)).toMatchObject({
      verdict: "pass",
      gates: [
        {
          outcome: "waived",
          reason: expect.stringMatching(/^waived by ada: the example needs a camera \(it was fail: /u) as string,
        },
      ],
    });
    expect(waived(WAIVER).gates[0]?.evidence).toHaveLength(1);
  });

  test("that has expired, is of other bytes, or of another gate opens nothing", () => {
    expect(waived({ ...WAIVER, expiresAtMs: NOW })).toMatchObject({
      verdict: "fail",
      reason: expect.stringContaining("the waiver of ada has expired") as string,
    });
    expect(waived({ ...WAIVER, digest: "d".repeat(64) })).toMatchObject({
      verdict: "fail",
      reason: expect.stringContaining("is for another candidate") as string,
    });
    expect(waived({ ...WAIVER, gate: "G20" })).toMatchObject({ verdict: "fail" });
  });

  test("does not hold where the time or the candidate is not known", () => {
    expect(waived(WAIVER, examplesRun.cases.fail.facts).verdict).toBe("fail");
  });

  test("leaves a passing gate as it is", () => {
    expect(waived(WAIVER, { ...FACTS, ...examplesRun.cases.pass.facts }).gates[0]?.outcome).toBe("pass");
  });

  test("opens a gate that was not run, since somebody answers for it", () => {
    expect(waived(WAIVER, { nowMs: NOW, candidate: CANDIDATE }).gates[0]?.outcome).toBe("waived");
  });
});
