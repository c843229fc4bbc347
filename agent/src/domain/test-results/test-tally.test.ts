import fc from "fast-check";
import { expect, test } from "vitest";
import type { JunitCase } from "./junit-case.ts";
import { FAILURES_KEPT_MAX, TestTally } from "./test-tally.ts";

const outcomes = ["passed", "failed", "error", "skipped", "flaky"] as const;
const junitCase = fc.record<JunitCase>({
  key: fc.string(),
  name: fc.string({ unit: "binary", minLength: 1, maxLength: 500 }),
  outcome: fc.constantFrom(...outcomes),
  durationMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  message: fc.string({ unit: "binary", maxLength: 700 }),
  place: fc.string({ maxLength: 100 }),
});

function tallyOf(cases: readonly JunitCase[]): TestTally {
  const tally = new TestTally();
  for (const one of cases) tally.testCase(one);
  return tally;
}

test("counts are exact, lists have at most 200 entries and 48 KiB of text, failures before flaky ones", () => {
  const many = fc.array(junitCase, { maxLength: 600, size: "max" });
  fc.assert(
    fc.property(many, (cases) => {
      const report = tallyOf(cases).report();
      const { tests, passed, failed, errors, skipped, flaky, failures, skips, slowest } = report;
      expect(tests).toBe(cases.length);
      expect(passed + failed + errors + skipped + flaky).toBe(tests);
      expect(failed).toBe(cases.filter(({ outcome }) => outcome === "failed").length);
      for (const list of [failures, skips]) expect(list.length).toBeLessThanOrEqual(200);
      const text = [...failures, ...skips, ...slowest]
        .map(({ name, message, place }) => name + message + place)
        .join("");
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(48 * 1024);
      const firstFlaky = failures.findIndex(({ outcome }) => outcome === "flaky");
      expect(
        failures.slice(firstFlaky === -1 ? failures.length : firstFlaky).every(({ outcome }) => outcome === "flaky"),
      ).toBe(true);
      const times = slowest.map(({ durationMs }) => durationMs);
      expect(times).toEqual(times.toSorted((a, b) => b - a));
    }),
    { numRuns: 60 },
  );
});

function failing(number: number): JunitCase {
  const name = `tests.test_a::test_${number}`;
  return { key: name, name, outcome: "failed", durationMs: 1, message: "x".repeat(2_000), place: "tests/test_a.py:1" };
}

test("many failures are all named, each with a shorter message", () => {
  const { failures, failed } = tallyOf(Array.from({ length: 180 }, (_, number) => failing(number))).report();
  expect([failed, failures.length]).toEqual([180, 180]);
  expect(failures[0]?.message).toMatch(/^x{100,}…$/);
});

test("tests that pass when they are run again count as flaky and not as failed", () => {
  const tally = tallyOf([failing(1), failing(2), { ...failing(2), outcome: "error" }]);
  tally.markFlaky(new Set([failing(2).key]));
  expect(tally.counts).toMatchObject({ tests: 3, failed: 1, error: 0, flaky: 2 });
  expect(tally.flakyNames).toEqual([failing(2).name]);
  expect(tally.report().failures.map(({ outcome }) => outcome)).toEqual(["failed", "flaky", "flaky"]);
  expect([...tally.badKeys]).toEqual([failing(1).key]);
});

test("what is beyond the failures that are kept is still counted", () => {
  const tally = tallyOf(Array.from({ length: FAILURES_KEPT_MAX + 5 }, (_, number) => failing(number)));
  expect(tally.bad).toBe(FAILURES_KEPT_MAX + 5);
  expect(tally.badKeys.size).toBe(FAILURES_KEPT_MAX);
});
