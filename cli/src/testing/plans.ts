import type { CellAxes, Plan, PlannedBuild, PlannedTest, Reason } from "@kiln/matrix";

interface SamplePlan {
  readonly axes: Readonly<Record<string, readonly string[]>>;
  readonly excluded?: (axes: CellAxes) => Reason | null;
  readonly reduced?: (axes: CellAxes) => string | null;
  readonly touchstone?: (axes: CellAxes) => boolean;
  readonly unknown?: (axes: CellAxes) => Reason | null;
  readonly overridden?: (axes: CellAxes) => (Reason & { readonly override: string }) | null;
  readonly changes?: Partial<Plan>;
}

/** A plan as the matrix makes them, of a product of axes, with a build and a test for every cell. */
export function samplePlan(sample: SamplePlan): Plan {
  const names = Object.keys(sample.axes);
  const cells: Plan["cells"][number][] = [];
  const excluded: Plan["excluded"][number][] = [];
  const reduced: Plan["reduced"][number][] = [];
  for (const axes of product(sample.axes)) {
    const name = names.map((axis) => partOf(axis, axes[axis] ?? "")).join("-");
    const reason = sample.excluded?.(axes);
    const coveredBy = sample.reduced?.(axes);
    const unknown = sample.unknown?.(axes);
    const overridden = sample.overridden?.(axes);
    if (reason) excluded.push({ name, axes, ...reason });
    else if (coveredBy) reduced.push({ name, axes, coveredBy });
    else
      cells.push({
        name,
        axes,
        touchstone: sample.touchstone?.(axes) ?? false,
        unknown: unknown ? [unknown] : [],
        overridden: overridden ? [overridden] : [],
      });
  }
  return {
    candidate: { name: "resnet-bk", version: "1.2.0" },
    release: "minor",
    reduction: { kind: "full" },
    axes: names.map((name) => ({ name, values: sample.axes[name] ?? [], resolved: {} })),
    cells,
    excluded,
    reduced,
    jobs: cells.flatMap((cell) => jobsOf(cell)),
    buildsBeforeFolding: cells.length,
    infrastructureRetries: 2,
    dataVersion: "2026-09-02",
    ...sample.changes,
  };
}

function product(axes: Readonly<Record<string, readonly string[]>>): readonly CellAxes[] {
  let made: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(axes)) {
    made = made.flatMap((before) => values.map((value) => ({ ...before, [name]: value })));
  }
  return made as unknown as readonly CellAxes[];
}

function partOf(axis: string, value: string): string {
  if (axis === "python") return `cp${value.replace(".", "")}`;
  if (axis === "torch") return `torch${value}`;
  if (axis === "cuda") return value === "cpu" ? value : `cu${value.replace(".", "")}`;
  if (axis === "gpu") return value === "none" ? "nogpu" : `sm_${value.replace(".", "")}`;
  return axis === "os" ? value : `${axis}=${value}`;
}

function jobsOf({ name, axes, touchstone }: Plan["cells"][number]): readonly [PlannedBuild, PlannedTest] {
  const torch = axes["torch"] === undefined ? null : { version: axes["torch"], variant: "cpu" };
  const limits = { timeoutMs: 600_000, logBytesMax: 1_000_000 };
  const common = { cell: name, key: "0".repeat(64), touchstone, env: {}, secrets: [], limits, container: null };
  const requirement = {
    platform: "linux-x86_64",
    os: null,
    python: axes.python,
    torch: torch !== null,
    cudaToolkit: null,
    gpu: null,
    container: false,
  };
  const wheel = {
    kind: "native",
    torch,
    index: null,
    localVersion: null,
    cxx11Abi: null,
    archList: [],
    policy: null,
  } as const;
  return [
    {
      ...common,
      kind: "build",
      name: `build-${name}`,
      needs: [],
      requirement: { kind: "build", ...requirement },
      configSettings: {},
      frontend: "pip",
      checkReproducible: false,
      wheel,
    },
    {
      ...common,
      kind: "test",
      name: `test-${name}`,
      needs: [`build-${name}`],
      requirement: { kind: "test", ...requirement },
      wheelOf: `build-${name}`,
      torch,
      extras: [],
      requires: [],
      command: null,
      files: [],
      repeatFailed: 0,
    },
  ];
}

const NO_WHEEL: Reason = {
  rule: "torch-wheel",
  reason: "PyTorch 2.0.1 has no wheel for CUDA 12.1",
  source: "matrix/data/pytorch-releases.json: PyTorch's index of wheels",
  asOf: "2026-08-22",
};
const NO_MAC: Reason = {
  rule: "cuda-platform",
  reason: "CUDA does not exist for macOS: NVIDIA makes no toolkit for it from CUDA 11.0 on",
  source: "CUDA toolkit release notes",
  asOf: "2026-08-20",
};

/** Four Pythons × three torch × three CUDA × six systems, with what is impossible of it. */
export function resnetPlan(changes: Partial<Plan> = {}): Plan {
  return samplePlan({
    axes: {
      python: ["3.8", "3.9", "3.10", "3.11"],
      torch: ["2.0.1", "2.1.2", "2.2.2"],
      cuda: ["cpu", "11.8", "12.1"],
      os: ["ubuntu-20.04", "ubuntu-22.04", "macos-13-x86_64", "macos-14", "windows-10", "windows-11"],
    },
    excluded: ({ os, torch, cuda }: CellAxes) => {
      if (os.startsWith("macos") && cuda !== "cpu") return NO_MAC;
      return torch === "2.0.1" && cuda === "12.1" ? NO_WHEEL : null;
    },
    touchstone: ({ os, python, torch, cuda }) =>
      (os === "ubuntu-20.04" && python === "3.8" && torch === "2.0.1" && cuda === "cpu") ||
      (os === "windows-11" && python === "3.11" && torch === "2.2.2" && cuda === "12.1"),
    changes: {
      axes: [
        { name: "python", values: ["3.8", "3.9", "3.10", "3.11"], resolved: {} },
        {
          name: "torch",
          values: ["2.0.1", "2.1.2", "2.2.2"],
          resolved: { "2.0": "2.0.1", "2.1": "2.1.2", "2.2": "2.2.2" },
        },
        { name: "cuda", values: ["cpu", "11.8", "12.1"], resolved: {} },
        {
          name: "os",
          values: ["ubuntu-20.04", "ubuntu-22.04", "macos-13-x86_64", "macos-14", "windows-10", "windows-11"],
          resolved: {},
        },
      ],
      ...changes,
    },
  });
}
