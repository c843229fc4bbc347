import { describe, expect, test } from "vitest";
import { explainCell } from "./explain-cell.ts";
import { inputs, planned, pythons, reducing, specWith, torches, withWheels } from "./testing.ts";

const PLACE = { line: 12, column: 5 };
const places = { file: "kiln.yaml", version: null, axes: {} };

describe("an explanation", () => {
  test("of an excluded cell names the rule that decided, and what every other rule says", () => {
    const spec = specWith({ torch: torches("2.0", "2.1"), cuda: ["11.8", "12.1"] });
    const given = inputs({ spec });
    const explained = explainCell(given, planned({ spec }), "cp310-torch2.0.1-cu121-linux-x86_64");
    if (explained.kind !== "excluded") throw new Error(`it is ${explained.kind}`);
    const { rule, reason, source } = explained.cell;
    expect([rule, reason, source]).not.toContain("");
    const against = explained.answers.filter(({ answer }) => answer === "impossible");
    expect(against[0]).toMatchObject({ rule, reason, source });
    expect(explained.answers.filter(({ answer }) => answer === "possible").map((one) => one.rule)).toEqual(
      expect.arrayContaining(["not-supported", "requires-python"]),
    );
  });

  test("of a cell that the user excludes gives the user's reason and line, and still what the rules say", () => {
    const exclude = [{ values: { python: "3.12" }, when: null, place: PLACE, reason: "numpy 1 has no wheel" }];
    const spec = specWith({ python: pythons("3.10", "3.12") }, { exclude });
    const explained = explainCell(inputs({ spec, places }), planned({ spec, places }), "cp312-linux-x86_64");
    expect(explained).toMatchObject({
      kind: "excluded",
      cell: { rule: "exclude", reason: "numpy 1 has no wheel", source: "kiln.yaml:12" },
      answers: [
        { answer: "impossible", rule: "exclude", source: "kiln.yaml:12" },
        { answer: "possible", rule: "not-supported" },
        { answer: "possible", rule: "requires-python" },
      ],
    });
  });

  test("of a planned cell names its jobs and the build that makes its wheel", () => {
    const spec = withWheels(specWith({ python: pythons("3.10", "3.12", "3.11") }), { kind: { kind: "pure" } });
    const explained = explainCell(inputs({ spec }), planned({ spec }), "cp311-linux-x86_64");
    expect(explained).toMatchObject({ kind: "planned", jobs: ["build-pure", "test-cp311-linux-x86_64"] });
  });

  test("of a reduced cell names the axes that it has in common with the cell that stands for it", () => {
    const own = ["a", "b", "c"].map((name) => ({ name, values: ["0", "1", "2"] }));
    const spec = reducing(specWith({ own }), { kind: "t-wise", strength: 2 });
    const plan = planned({ spec });
    const [left] = plan.reduced;
    if (!left) throw new Error("nothing was reduced");
    const explained = explainCell(inputs({ spec }), plan, left.name);
    if (explained.kind !== "reduced") throw new Error(`it is ${explained.kind}`);
    const by = plan.cells.find(({ name }) => name === left.coveredBy);
    expect(explained.inCommon).toEqual(
      ["python", "os", "a", "b", "c"].filter((axis) => left.axes[axis] === by?.axes[axis]),
    );
    // Every pair of values is in a cell, so some cell shares both of a pair and what never varies.
    expect(explained.inCommon.length).toBeGreaterThanOrEqual(4);
  });

  test("of a name that no cell has offers those that are most like it", () => {
    const spec = specWith({ python: pythons("3.10", "3.11", "3.12") });
    const explained = explainCell(inputs({ spec }), planned({ spec }), "cp31-linux-x86_64");
    expect(explained).toMatchObject({ kind: "not-a-cell" });
    expect(explained.kind === "not-a-cell" && explained.nearest.slice().sort()).toEqual([
      "cp310-linux-x86_64",
      "cp311-linux-x86_64",
      "cp312-linux-x86_64",
    ]);
  });
});
