import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseSpec } from "../spec/parse-spec.ts";
import { plan } from "./make-plan.ts";
import type { Candidate, Plan } from "./plan.ts";
import type { ReleaseType } from "../spec/spec.ts";

// The five specs of examples/releases: what their guides ask for must come out of them.

const EXAMPLES = join(import.meta.dirname, "../../../examples/releases");
const NOTHING = { requiresPython: null, requiresDist: null, factsFrom: "pyproject.toml" };

function planExample(
  name: string,
  candidate: Partial<Candidate>,
  options: { readonly release?: ReleaseType; readonly edit?: (text: string) => string } = {},
): Plan {
  const text = readFileSync(join(EXAMPLES, name, "kiln.yaml"), "utf8");
  const parsed = parseSpec(options.edit ? options.edit(text) : text, "kiln.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const result = plan({
    spec: parsed.spec,
    places: parsed.places,
    candidate: { ...NOTHING, name, version: parsed.spec.version, ...candidate },
    farm: [],
    sourceSha256: "0".repeat(64),
    digest: (of) => createHash("sha256").update(of).digest("hex"),
    ...(options.release === undefined ? {} : { release: options.release }),
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.plan;
}

describe("resnet-bk", () => {
  const major = planExample(
    "resnet-bk",
    { requiresPython: ">=3.8", requiresDist: ["torch>=2.0"] },
    { release: "major" },
  );

  it("has every combination of its guide, planned or excluded with a source and a date", () => {
    expect(major.cells.length + major.excluded.length).toBe(6 * 4 * 3 * 3);
    for (const cell of major.excluded) {
      expect(cell.reason.length).toBeGreaterThan(10);
      expect(cell.source).not.toBe("");
      if (cell.rule !== "exclude") expect(cell.asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
  });

  it("excludes PyTorch 2.0 with CUDA 12.1, and every macOS with CUDA", () => {
    const has = (of: "cells" | "excluded", wanted: Readonly<Record<string, string>>) =>
      major[of].filter(({ axes }) => Object.entries(wanted).every(([axis, value]) => axes[axis] === value)).length;
    expect(has("cells", { torch: "2.0.1", cuda: "12.1" })).toBe(0);
    expect(has("excluded", { torch: "2.0.1", cuda: "12.1", os: "ubuntu-22.04" })).toBe(4);
    for (const os of ["macos-14", "macos-13-x86_64"]) {
      expect(has("cells", { os, cuda: "11.8" }) + has("cells", { os, cuda: "12.1" })).toBe(0);
      expect(has("cells", { os, cuda: "cpu" })).toBe(12);
    }
  });

  it("tests less for a minor release, and only the corners and what it keeps for a patch", () => {
    const facts = { requiresPython: ">=3.8", requiresDist: ["torch>=2.0"] };
    const minor = planExample("resnet-bk", facts);
    expect(minor.cells.length).toBeLessThan(major.cells.length / 3);
    expect(minor.cells.length + minor.reduced.length).toBe(major.cells.length);
    const patch = planExample("resnet-bk", facts, { release: "patch" });
    const kept = patch.cells.filter(({ touchstone }) => !touchstone);
    expect(kept.map(({ axes }) => [axes.python, axes["torch"], axes["cuda"]])).toEqual(
      kept.map(() => ["3.8", "2.0.1", "11.8"]),
    );
    expect(kept.length).toBeGreaterThan(0);
  });
});

describe("gpu-trading-system", () => {
  it("meets PyTorch 1.13 on CPython 3.11 only where there is such a wheel", () => {
    const wider = planExample(
      "gpu-trading-system",
      { requiresPython: ">=3.8" },
      {
        edit: (text) =>
          text
            .replace('"3.10"]', '"3.10", "3.11"]')
            .replace("[linux-x86_64]", "[linux-x86_64, windows-x86_64, macos-14]"),
      },
    );
    const cells = wider.cells.filter(({ axes }) => axes["torch"] === "1.13.1" && axes.python === "3.11");
    expect(cells.map(({ name }) => name)).toEqual([
      "cp311-torch1.13.1-cpu-linux-x86_64",
      "cp311-torch1.13.1-cu117-linux-x86_64",
    ]);
    const excluded = wider.excluded.filter(({ axes }) => axes["torch"] === "1.13.1" && axes.python === "3.11");
    expect(excluded.every(({ rule }) => rule === "torch-wheel" || rule === "cuda-platform")).toBe(true);
  });
});

describe("robocache", () => {
  const robocache = planExample("robocache", { requiresPython: ">=3.10" });

  it("tells the two CUDA wheels of a Python apart by index and local version", () => {
    const builds = robocache.jobs.filter((job) => job.kind === "build");
    const of310 = builds.filter(({ name }) => name.includes("cp310"));
    expect(of310.map(({ wheel }) => [wheel.index, wheel.localVersion, wheel.policy])).toEqual([
      ["cu118", "cu118", "manylinux_2_17"],
      ["cu121", "cu121", "manylinux_2_17"],
    ]);
  });

  it("makes one pure wheel for every cell without CUDA", () => {
    const pure = robocache.jobs.filter((job) => job.kind === "build" && job.wheel.kind === "pure");
    expect(pure).toHaveLength(1);
    const served = robocache.jobs.filter((job) => job.kind === "test" && job.wheelOf === pure[0]?.name);
    expect(served).toHaveLength(9);
  });

  it("measures and profiles on an H100", () => {
    const measured = robocache.jobs.filter(({ kind }) => kind === "bench" || kind === "profile");
    expect(measured).toHaveLength(6 + 3);
    expect(measured.every(({ requirement }) => requirement.gpu?.model === "H100")).toBe(true);
  });
});

it("llm-karpathy-consortium makes one wheel for all of its Pythons", () => {
  const { cells, jobs } = planExample("llm-karpathy-consortium", { requiresPython: ">=3.9" });
  expect(cells.map(({ axes }) => axes.python).toSorted()).toEqual(["3.10", "3.11", "3.12", "3.13", "3.9"]);
  expect(jobs.filter(({ kind }) => kind === "build")).toHaveLength(1);
});

it("stateset-agents runs its lint once, and each scan once for its one wheel", () => {
  const { jobs } = planExample("stateset-agents", { requiresPython: ">=3.8" });
  expect(jobs.filter(({ kind }) => kind === "check")).toHaveLength(1);
  expect(jobs.filter(({ kind }) => kind === "scan")).toHaveLength(2);
});
