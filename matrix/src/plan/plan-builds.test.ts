import { describe, expect, test } from "vitest";
import type { Spec } from "../spec/spec.ts";
import { cellNames, jobNamed, jobsOf, planned, problems, pythons, specWith, torches, withWheels } from "./testing.ts";

const builds = (spec: Spec) => jobsOf(planned({ spec }), "build");
const names = (spec: Spec) => builds(spec).map(({ name }) => name);
const testsByBuild = (spec: Spec) =>
  Object.fromEntries(
    builds(spec).map(({ name }) => [
      name,
      jobsOf(planned({ spec }), "test").filter((job) => job.wheelOf === name).length,
    ]),
  );

describe("builds fold over what they do not depend on", () => {
  test("distributions with glibc share the build of their platform, gpu, driver and own axes never split it", () => {
    const spec = specWith({
      os: ["ubuntu-22.04", "debian-12", "linux-x86_64"],
      gpu: ["none", "9.0"],
      own: [{ name: "backend", values: ["eager", "compiled"] }],
    });
    expect(testsByBuild(spec)).toEqual({ "build-cp310-linux-x86_64": 12 });
    expect(planned({ spec }).buildsBeforeFolding).toBe(12);
  });

  test("a native wheel that is linked against torch and CUDA has one build for each Python, torch, CUDA and platform", () => {
    const spec = specWith({ torch: torches("2.1", "2.2"), cuda: ["11.8", "12.1"] });
    expect(names(spec).toSorted()).toEqual([
      "build-cp310-torch2.1.2-cu118-linux-x86_64",
      "build-cp310-torch2.1.2-cu121-linux-x86_64",
      "build-cp310-torch2.2.2-cu118-linux-x86_64",
      "build-cp310-torch2.2.2-cu121-linux-x86_64",
    ]);
  });

  test("a pure wheel is built once, where the first cell is", () => {
    const spec = withWheels(
      specWith({ os: ["linux-x86_64", "macos-arm64"], python: pythons("3.10", "3.12"), cuda: ["cpu"] }),
      { kind: { kind: "pure" } },
    );
    expect(testsByBuild(spec)).toEqual({ "build-pure": 4 });
    const [build] = builds(spec);
    expect(build?.cell).toBe(planned({ spec }).cells[0]?.name);
    expect(build?.wheel).toEqual({
      kind: "pure",
      torch: null,
      index: "cpu",
      localVersion: null,
      cxx11Abi: null,
      archList: [],
      policy: null,
    });
  });

  test("a pure wheel of cells with several variants is on every index", () => {
    const spec = withWheels(specWith({ torch: torches("2.1"), cuda: ["cpu", "12.1"] }), { kind: { kind: "pure" } });
    expect(builds(spec).map(({ wheel }) => wheel.index)).toEqual([null]);
    // On which index it is staged does not change how it is built.
    const one = { ...spec, axes: { ...spec.axes, cuda: ["cpu"] } };
    expect(builds(one).map(({ wheel }) => wheel.index)).toEqual(["cpu"]);
    expect(builds(one)[0]?.key).toBe(builds(spec)[0]?.key);
  });

  test("an abi3 wheel is made with the oldest Python from its floor on; older and free-threaded ones get their own", () => {
    const spec = withWheels(specWith({ python: pythons("3.9", "3.10", "3.11", "3.12", "3.13t") }), {
      kind: { kind: "abi3", python: "3.10" },
    });
    expect(testsByBuild(spec)).toEqual({
      "build-abi3-linux-x86_64": 3,
      "build-cp39-linux-x86_64": 1,
      "build-cp313t-linux-x86_64": 1,
    });
    const abi3 = jobNamed(planned({ spec }), "build-abi3-linux-x86_64");
    expect(abi3.requirement.python).toBe("3.10");
    expect(abi3.cell).toBe("cp310-linux-x86_64");
  });

  test("a wheel on torch's stable ABI is made with the oldest torch, for all of them", () => {
    const spec = withWheels(specWith({ torch: torches("2.2", "2.1"), cuda: ["12.1"] }), { torch: "stable" });
    expect(testsByBuild(spec)).toEqual({ "build-cp310-cu121-linux-x86_64": 2 });
    expect(builds(spec)[0]?.wheel.torch).toEqual({ version: "2.1.2", variant: "cu121" });
  });

  test("a wheel without CUDA code is made against the torch for cpu and needs no toolkit", () => {
    const spec = withWheels(specWith({ torch: torches("2.1"), cuda: ["12.1", "cpu"] }), { cuda: "none" });
    const [build, ...others] = builds(spec);
    expect(others).toEqual([]);
    expect(build?.name).toBe("build-cp310-torch2.1.2-linux-x86_64");
    expect(build?.wheel.torch).toEqual({ version: "2.1.2", variant: "cpu" });
    expect(build?.requirement).toMatchObject({ torch: true, cudaToolkit: null });
  });

  test("a cell gets the first wheel whose condition holds", () => {
    const spec = withWheels(
      specWith({ torch: torches("2.1"), cuda: ["cpu", "12.1"] }),
      { name: "plain", when: { cuda: { kind: "any-of", values: ["cpu"] } }, kind: { kind: "pure" } },
      { name: "cuda" },
    );
    expect(testsByBuild(spec)).toEqual({ "build-pure": 1, "build-cp310-torch2.1.2-cu121-linux-x86_64": 1 });
  });

  test("wheels whose builds would have one name say which of the spec's wheels they are", () => {
    const spec = withWheels(
      specWith({ os: ["ubuntu-20.04", "ubuntu-24.04"] }),
      { name: "old", when: { os: { kind: "any-of", values: ["ubuntu-20.04"] } }, policy: "manylinux_2_28" },
      { name: "new", policy: "manylinux_2_34" },
    );
    expect(names(spec).toSorted()).toEqual(["build-new-cp310-linux-x86_64", "build-old-cp310-linux-x86_64"]);
  });
});

describe("what a build needs and makes", () => {
  const spec = withWheels(specWith({ os: ["ubuntu-22.04"], torch: torches("2.1"), cuda: ["12.1"] }), {
    archList: ["8.0", "9.0+PTX"],
    policy: "manylinux_2_28",
  });

  test("a build with CUDA needs its toolkit and torch, no GPU, and any release of its platform", () => {
    expect(builds(spec)[0]?.requirement).toEqual({
      kind: "build",
      platform: "linux-x86_64",
      os: null,
      python: "3.10",
      torch: true,
      cudaToolkit: "12.1",
      gpu: null,
      container: false,
    });
  });

  test("its wheel has the C++ ABI of its torch, the architectures and the policy", () => {
    expect(builds(spec)[0]?.wheel).toEqual({
      kind: "native",
      torch: { version: "2.1.2", variant: "cu121" },
      index: "cu121",
      localVersion: null,
      cxx11Abi: "0",
      archList: ["8.0", "9.0+PTX"],
      policy: "manylinux_2_28",
    });
  });

  test("architectures and toolkit are of CUDA: a cpu build has neither, and macOS no policy", () => {
    const cpu = withWheels(specWith({ os: ["macos-14"], torch: torches("2.1"), cuda: ["cpu"] }), {
      archList: ["8.0"],
      policy: "manylinux_2_28",
    });
    const [build] = builds(cpu);
    expect(build?.wheel).toMatchObject({ archList: [], policy: null, index: "cpu" });
    expect(build?.requirement).toMatchObject({ cudaToolkit: null, platform: "macos-arm64" });
  });

  test("a wheel for musl is a build of its own, made on that distribution", () => {
    const both = specWith({ os: ["ubuntu-22.04", "alpine-3.20"] });
    expect(names(both).toSorted()).toEqual(["build-cp310-linux-x86_64", "build-cp310-musllinux-x86_64"]);
    expect(jobNamed(planned({ spec: both }), "build-cp310-musllinux-x86_64").requirement.os).toBe("alpine-3.20");
  });
});

describe("wheels whose file names would be one are told apart", () => {
  const locals = (spec: Spec) =>
    Object.fromEntries(
      builds(spec).map(({ name, wheel }) => [name.replace("build-", ""), [wheel.index, wheel.localVersion]]),
    );

  test("two CUDA variants differ by index and local version, as PyTorch's own wheels do", () => {
    expect(locals(specWith({ torch: torches("2.1"), cuda: ["11.8", "12.1"] }))).toEqual({
      "cp310-torch2.1.2-cu118-linux-x86_64": ["cu118", "cu118"],
      "cp310-torch2.1.2-cu121-linux-x86_64": ["cu121", "cu121"],
    });
  });

  test("where torch differs too, both are said", () => {
    expect(locals(specWith({ torch: torches("2.1", "2.2"), cuda: ["cpu", "12.1"] }))).toEqual({
      "cp310-torch2.1.2-cpu-linux-x86_64": ["cpu", "cputorch2.1"],
      "cp310-torch2.1.2-cu121-linux-x86_64": ["cu121", "cu121torch2.1"],
      "cp310-torch2.2.2-cpu-linux-x86_64": ["cpu", "cputorch2.2"],
      "cp310-torch2.2.2-cu121-linux-x86_64": ["cu121", "cu121torch2.2"],
    });
  });

  test("patch releases of one torch are said in full", () => {
    expect(locals(specWith({ torch: torches("2.1.1", "2.1.2"), cuda: ["12.1"] }))).toEqual({
      "cp310-torch2.1.1-cu121-linux-x86_64": ["cu121", "torch2.1.1"],
      "cp310-torch2.1.2-cu121-linux-x86_64": ["cu121", "torch2.1.2"],
    });
  });

  test("Pythons have names of their own, and one variant needs no local version", () => {
    const spec = specWith({ python: pythons("3.10", "3.11"), torch: torches("2.1"), cuda: ["12.1"] });
    expect(builds(spec).map(({ wheel }) => wheel.localVersion)).toEqual([null, null]);
  });

  test("all wheels of a platform say the part that any two of them differ by; macOS with one variant says nothing", () => {
    const spec = specWith(
      {
        os: ["linux-x86_64", "macos-arm64"],
        python: pythons("3.10", "3.11"),
        torch: torches("2.1"),
        cuda: ["cpu", "12.1"],
      },
      {
        exclude: [
          {
            values: { python: "3.11", cuda: "cpu", os: "linux-x86_64" },
            when: null,
            place: { line: 1, column: 1 },
            reason: "",
          },
        ],
      },
    );
    expect(locals(spec)).toEqual({
      "cp310-torch2.1.2-cpu-linux-x86_64": ["cpu", "cpu"],
      "cp310-torch2.1.2-cu121-linux-x86_64": ["cu121", "cu121"],
      "cp311-torch2.1.2-cu121-linux-x86_64": ["cu121", "cu121"],
      "cp310-torch2.1.2-cpu-macos-arm64": ["cpu", null],
      "cp311-torch2.1.2-cpu-macos-arm64": ["cpu", null],
    });
  });

  test("local-version: none leaves it to the index", () => {
    const spec = withWheels(specWith({ torch: torches("2.1"), cuda: ["11.8", "12.1"] }), { localVersion: "none" });
    expect(builds(spec).map(({ wheel }) => [wheel.index, wheel.localVersion])).toEqual([
      ["cu121", null],
      ["cu118", null],
    ]);
  });

  test("two wheels that even the index cannot tell apart are a problem, not two builds", () => {
    const axes = { torch: torches("2.1", "2.2"), cuda: ["12.1"] };
    const [problem] = problems({ spec: withWheels(specWith(axes), { localVersion: "none" }) });
    expect(problem?.path).toBe("build.wheels");
    expect(problem?.message).toContain("build-cp310-torch2.1.2-cu121-linux-x86_64");
    expect(problem?.message).toContain("cp310-cp310-linux-x86_64");
    const own = specWith({ own: [{ name: "backend", values: ["a", "b"] }] });
    const when = { backend: { kind: "any-of" as const, values: ["a"] } };
    expect(problems({ spec: withWheels(own, { name: "one", when }, { name: "two" }) })[0]?.message).toContain(
      "build-one-cp310-linux-x86_64 and build-two-cp310-linux-x86_64",
    );
    expect(cellNames(planned({ spec: withWheels(own, { name: "one" }) }))).toHaveLength(2);
  });
});
