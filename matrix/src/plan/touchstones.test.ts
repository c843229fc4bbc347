import { describe, expect, test } from "vitest";
import type { Spec } from "../spec/spec.ts";
import { planned, pythons, specWith, torches, withWheels } from "./testing.ts";

const stones = (spec: Spec) =>
  planned({ spec })
    .cells.filter(({ touchstone }) => touchstone)
    .map(({ name }) => name);

describe("the touchstones", () => {
  test("are the newest and the oldest corner, in this order, before all other cells", () => {
    const spec = specWith({
      python: pythons("3.10", "3.8", "3.9"),
      torch: torches("2.1", "2.0"),
      cuda: ["11.8", "cpu"],
    });
    const candidate = { name: "p", version: "1", requiresPython: null, requiresDist: null, factsFrom: "PKG-INFO" };
    const { cells, jobs } = planned({ spec, candidate });
    expect(cells.map(({ touchstone }) => touchstone)).toEqual([true, true, ...Array.from({ length: 10 }, () => false)]);
    expect(cells.slice(0, 2).map(({ name }) => name)).toEqual([
      "cp310-torch2.1.2-cu118-linux-x86_64",
      "cp38-torch2.0.1-cpu-linux-x86_64",
    ]);
    expect(jobs.slice(0, 4).map(({ touchstone }) => touchstone)).toEqual([true, true, true, true]);
    expect(jobs.slice(4).some(({ touchstone }) => touchstone)).toBe(false);
  });

  test("are the possible cells nearest to a corner that is impossible", () => {
    // PyTorch 2.0 has no wheel for CUDA 12.1, and 2.5 none for CUDA 11.7.
    const spec = specWith({ torch: torches("2.0", "2.5"), cuda: ["11.7", "12.1"] });
    expect(stones(spec)).toEqual(["cp310-torch2.5.1-cu121-linux-x86_64", "cp310-torch2.0.1-cu117-linux-x86_64"]);
  });

  test("are one cell when there is no other", () => {
    expect(stones(specWith())).toEqual(["cp310-linux-x86_64"]);
  });

  test("prefer an ordinary build to a free-threaded one, and the first system", () => {
    const spec = specWith({ os: ["windows-11", "linux-x86_64"], python: pythons("3.12", "3.13", "3.13t") });
    expect(stones(spec)).toEqual(["cp313-linux-x86_64", "cp312-linux-x86_64"]);
  });

  test("lend their mark to the builds they need, even when others share those", () => {
    const spec = withWheels(specWith({ python: pythons("3.10", "3.11", "3.12") }), { kind: { kind: "pure" } });
    expect(planned({ spec }).jobs.map(({ name, touchstone }) => [name, touchstone])).toEqual([
      ["build-pure", true],
      ["test-cp312-linux-x86_64", true],
      ["test-cp310-linux-x86_64", true],
      ["test-cp311-linux-x86_64", false],
    ]);
  });

  test("prefer cells of which everything is known", () => {
    const spec = specWith({ torch: torches("2.1", "2.99.0"), cuda: ["12.1"] });
    const { cells } = planned({ spec });
    expect(cells.find(({ axes }) => axes["torch"] === "2.99.0")?.unknown).not.toEqual([]);
    expect(stones(spec)[0]).toBe("cp310-torch2.1.2-cu121-linux-x86_64");
  });
});
