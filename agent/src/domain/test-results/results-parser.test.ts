import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ResultsError } from "./results-error.ts";
import { fixture, tallyOf } from "./testing.ts";
import type { TestTally } from "./test-tally.ts";

/** What pytest says of the sample: "3 failed, 5 passed, 1 skipped, 1 xfailed, 2 errors". */
const SAMPLE = { tests: 12, passed: 5, failed: 3, error: 2, skipped: 2, flaky: 0 };

describe("what real tools write", () => {
  test.each(["pytest-9.2-xunit2", "pytest-9.2-xunit1", "pytest-6.2-xunit2"])(
    "%s: counts as pytest has them",
    (name) => {
      const tally = tallyOf(fixture(name));
      expect(tally.counts).toEqual(SAMPLE);
      const { failures, skips, slowest, durationMs } = tally.report();
      expect(failures.map(({ name, outcome, place }) => `${outcome} ${name} ${place}`)).toEqual([
        "failed tests.test_sample::test_fails tests/test_sample.py:9",
        "error tests.test_sample::test_error tests/test_sample.py:21",
        "failed tests.test_sample::test_fails_twice tests/test_sample.py:32",
        "error tests.test_sample::test_fails_twice tests/test_sample.py:29",
        "failed tests.test_sample.TestMatmul::test_zero[float16] tests/test_sample.py:37",
      ]);
      expect(failures[0]?.message).toMatch(
        /^AssertionError: not what <it> should & be #x07\nassert \{'a': 2\} == \{'a': 1\}/,
      );
      expect(failures[1]?.message).toBe('failed on setup with "RuntimeError: no device"\nRuntimeError: no device');
      expect(skips).toMatchObject([
        {
          name: "tests.test_sample::test_skipped",
          message: "needs a GPU",
          place: expect.stringMatching(/^tests\/test_sample\.py:1\d$/),
        },
        { name: "tests.test_sample::test_known", message: "expected to fail: known" },
      ]);
      expect(slowest[0]?.name).toContain("test_slow");
      expect(slowest[0]?.durationMs).toBeGreaterThanOrEqual(50);
      expect(durationMs).toBeGreaterThan(100);
    },
  );

  test("pytest 4.6: the same tests, a failure and an error of one test on one element", () => {
    const { counts } = tallyOf(fixture("pytest-4.6-xunit2"));
    expect(counts.tests - counts.passed).toBe(counts.failed + counts.error + counts.skipped);
    expect([counts.passed, counts.skipped]).toEqual([SAMPLE.passed, SAMPLE.skipped]);
    expect(counts.failed + counts.error).toBeGreaterThanOrEqual(4);
  });

  test("a test module that cannot be imported is an error with the import's reason", () => {
    const tally = tallyOf(fixture("pytest-9.2-collection-error"));
    expect(tally.counts).toMatchObject({ tests: 1, error: 1 });
    expect(tally.report().failures).toMatchObject([
      {
        name: "tests.test_broken",
        message: "collection failure\nModuleNotFoundError: No module named 'nope'",
        place: "tests/test_broken.py:1",
      },
    ]);
  });

  test("a run that collected nothing has no tests", () => {
    expect(tallyOf(fixture("pytest-9.2-nothing-collected")).counts.tests).toBe(0);
  });

  test("unittest-xml-reporting: failures, errors, subtests and skips with their places", () => {
    const { counts, ...tally } = tallyOf(fixture("unittest-xml-reporting-4.0"));
    expect(counts).toEqual({ tests: 5, passed: 1, failed: 2, error: 1, skipped: 1, flaky: 0 });
    expect(tally).toBeDefined();
    const { failures, skips } = tallyOf(fixture("unittest-xml-reporting-4.0")).report();
    expect(failures.map(({ name, message, place }) => [name, message, place])).toEqual([
      ["Numbers::test_bad", "1 != 2", "unit.py:4"],
      ["Numbers::test_subs (i=1)", "1 != 0", "unit.py:10"],
      ["Numbers::test_error", "boom", "unit.py:5"],
    ]);
    expect(skips).toMatchObject([{ message: "needs a GPU", place: "unit.py:6" }]);
  });

  test("coverage.py: lines and branches", () => {
    const { coverage, tests } = tallyOf(fixture("coverage-7.17")).report();
    expect(coverage).toEqual({ lines: 50, linesCovered: 34, branches: 14, branchesCovered: 2 });
    expect(tests).toBe(0);
  });

  test("coverage without counts of its own is counted line by line, methods once", () => {
    const text = fixture("coverage-7.17").replace(/ (?:lines|branches)-(?:valid|covered)="\d+"/g, "");
    expect(tallyOf(text).report().coverage).toEqual({ lines: 50, linesCovered: 34, branches: 14, branchesCovered: 2 });
  });

  test("the size of the pieces makes no difference", () => {
    const text = fixture("pytest-9.2-xunit2");
    const whole = tallyOf(text).report();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), (size) => {
        expect(tallyOf(text, size).report()).toEqual(whole);
      }),
      {
        numRuns: 20,
      },
    );
  });
});

/** A suite with these tests. */
function suite(inside: string, attributes = ""): string {
  return `<testsuite name="s"${attributes}>${inside}</testsuite>`;
}

describe("the dialects", () => {
  test("Surefire: a test that passed when run again is flaky, one that did not is failed", () => {
    const flaky =
      '<testcase classname="a" name="one"><flakyFailure message="late" type="T"><stackTrace>at a</stackTrace>' +
      "<system-out>x</system-out></flakyFailure></testcase>";
    const failed =
      '<testcase classname="a" name="two"><failure message="wrong"/><rerunFailure message="wrong"><stackTrace/></rerunFailure></testcase>';
    const tally = tallyOf(suite(flaky + failed));
    expect(tally.counts).toMatchObject({ tests: 2, failed: 1, flaky: 1 });
    expect(tally.report().failures.map(({ outcome, message }) => [outcome, message])).toEqual([
      ["failed", "wrong"],
      ["flaky", "late"],
    ]);
  });

  test("suites may be nested; the outermost says how long it took", () => {
    const text = `<testsuites time="7"><testsuite time="3">${suite('<testcase name="a" time="1"/>')}</testsuite></testsuites>`;
    expect(tallyOf(text).report()).toMatchObject({ tests: 1, passed: 1, durationMs: 7_000 });
    expect(tallyOf(text.replace(' time="7"', "")).report().durationMs).toBe(3_000);
    expect(tallyOf(text.replaceAll(/ time="[37]"/g, "")).report().durationMs).toBe(1_000);
  });

  test.each([
    ["1,234.5", 1_234_500],
    ["1,234", 1_234_000],
    ["0,25", 250],
    ["1e-3", 1],
    [".5", 500],
    ["-0.001", 0],
    ["", 0],
  ])("a time of %o is %d ms", (time, ms) => {
    expect(tallyOf(suite(`<testcase name="a" time="${time}"/>`)).report().durationMs).toBe(ms);
  });

  test("outputs and properties are passed over, whatever they hold", () => {
    const inside =
      '<properties><property name="x" value="y"/></properties><testcase name="a"><system-out><![CDATA[<failure/>]]> text' +
      "</system-out></testcase><system-err>text</system-err>";
    expect(tallyOf(suite(inside)).counts).toMatchObject({ tests: 1, passed: 1 });
  });
});

describe("what cannot be believed", () => {
  test.each([
    ["nothing", "", "line 1: "],
    ["a file that breaks off", fixture("pytest-9.2-xunit2").slice(0, 2_000), "unclosed tag"],
    [
      "another kind of file",
      "<html><body/></html>",
      "line 1: <html> is the root of neither a JUnit nor a Cobertura file",
    ],
    [
      "an element in the wrong place",
      suite("\n<testcase name='a'><oops/></testcase>"),
      "line 2: <oops> stands in <testcase>",
    ],
    ["text where tests are", suite('<testcase name="a"/>testcase name="b"/>'), "text stands directly in <testsuite>"],
    ["a test without a name", suite("<testcase/>"), "a <testcase> has no name"],
    ["a count that is none", suite('<testcase name="a"/>', ' tests="many"'), 'tests="many", which is no count'],
    ["a time that is none", suite('<testcase name="a" time="soon"/>'), 'time="soon", which is no number of seconds'],
    ["tests that are counted and not there", suite("", ' tests="3"'), "counts 3 tests and holds none"],
    [
      "failures that are counted and not there",
      suite('<testcase name="a"/>', ' tests="1" failures="1"'),
      "counts 1 failures",
    ],
    ["entities of its own", '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>', "internal DTD"],
    ["an entity that XML does not have", suite('<testcase name="&a;"/>'), "undefined entity"],
    ["deep nesting", "<testsuite>".repeat(100), "nested deeper than 64"],
    ["coverage beyond all lines", '<coverage lines-valid="1" lines-covered="2"/>', "covers more lines"],
  ])("%s is an error that names the line", (_, text, message) => {
    expect(() => tallyOf(text)).toThrow(ResultsError);
    expect(() => tallyOf(text)).toThrow(/^line \d+: /);
    expect(() => tallyOf(text)).toThrow(message);
  });

  test("a document type without entities of its own is passed over, and not fetched", () => {
    const text = '<!DOCTYPE coverage SYSTEM "http://127.0.0.1:1/x.dtd"><coverage lines-valid="2" lines-covered="1"/>';
    expect(tallyOf(text).report().coverage).toMatchObject({ lines: 2, linesCovered: 1 });
  });

  /** Damage that a broken disk, a full one or a careless merge does. */
  const damage = fc.oneof(
    fc.record({ kind: fc.constant("cut" as const), at: fc.nat(), length: fc.nat() }),
    fc.record({
      kind: fc.constant("change" as const),
      at: fc.nat(),
      char: fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 1 }),
    }),
    fc.record({ kind: fc.constant("remove" as const), at: fc.nat(), length: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ kind: fc.constant("repeat" as const), at: fc.nat(), length: fc.integer({ min: 1, max: 200 }) }),
  );

  function damaged(text: string, how: typeof damage extends fc.Arbitrary<infer T> ? T : never): string {
    const at = how.at % text.length;
    if (how.kind === "cut") return text.slice(0, at);
    if (how.kind === "change") return text.slice(0, at) + how.char + text.slice(at + 1);
    if (how.kind === "remove") return text.slice(0, at) + text.slice(at + how.length);
    return text.slice(0, at + how.length) + text.slice(at);
  }

  test.each(["pytest-9.2-xunit2", "pytest-6.2-xunit2", "pytest-4.6-xunit2", "unittest-xml-reporting-4.0"])(
    "%s, damaged anywhere, is refused or still has tests and failures: never a silent zero",
    (name) => {
      const text = fixture(name);
      fc.assert(
        fc.property(damage, (how) => {
          let tally: TestTally;
          try {
            tally = tallyOf(damaged(text, how));
          } catch (cause) {
            expect(cause).toBeInstanceOf(ResultsError);
            return;
          }
          expect(tally.counts.tests).toBeGreaterThan(0);
          expect(tally.bad).toBeGreaterThan(0);
          const { passed, failed, error, skipped, flaky } = tally.counts;
          expect(passed + failed + error + skipped + flaky).toBe(tally.counts.tests);
        }),
        { numRuns: 1_500 },
      );
    },
  );
});
