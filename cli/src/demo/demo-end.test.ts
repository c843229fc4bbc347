import { describe, expect, test } from "vitest";
import { sampleVerdict } from "../testing/sample-verdict.ts";
import { demoEnd } from "./demo-end.ts";

const [, worse] = sampleVerdict().comparisons;
if (!worse) throw new Error("the sample has a comparison that regressed");
const regressed = {
  ...{ ...worse, benchmark: "total:time", unit: "s", baseline: "0.9.0", cell: "cp313-linux-x86_64" },
  effect: { baseline: 1, candidate: 1.25, ratio: { estimate: 1.25, low: 1.24, high: 1.26 }, pairs: 10 },
};

describe("the end of a demo", () => {
  test("says of a candidate that is stopped by how much, where, and what to do next", () => {
    const { said, next } = demoEnd(sampleVerdict({ comparisons: [regressed] }), true);
    expect(said).toEqual([
      "demo 1.4.0 is stopped by G22 benchmark-regression:",
      "total:time takes more than in 0.9.0: +25.0 % (between +24.0 % and +26.0 %), in cp313-linux-x86_64, confirmed by 10 fresh pairs of processes.",
    ]);
    expect(next.map(([command]) => command)).toEqual([
      "./kiln verdict r3",
      "./kiln bisect r3 total:time",
      "./kiln waive r3 G22 --reason WHY --expires DAY",
    ]);
  });

  test("does not call a disturbed measurement a pass", () => {
    const invalid = { ...regressed, outcome: "invalid", effect: null, reason: "9 of 9 pairs were contaminated" };
    const { said, next } = demoEnd(sampleVerdict({ verdict: "inconclusive", comparisons: [invalid] }), true);
    expect(said[0]).toBe("demo 1.4.0 was not judged, which is no pass: 9 of 9 pairs were contaminated.");
    expect(next[0]?.[0]).toBe("./kiln demo --regress");
  });

  test("says what a candidate that may be released was compared with, and that a slowdown was missed", () => {
    const view = sampleVerdict({ verdict: "pass", comparisons: [{ ...regressed, outcome: "unchanged" }] });
    expect(demoEnd(view, false).said).toEqual(["demo 1.4.0 may be released: total:time is no slower than in 0.9.0."]);
    expect(demoEnd(view, true).said[0]).toContain("The slowdown was not seen");
  });
});
