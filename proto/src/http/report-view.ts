import { Type, type Static } from "typebox";

const Count = Type.Integer({ minimum: 0 });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

export const WheelMember = Type.Object({
  path: Type.String({ description: "Inside the wheel" }),
  sizeBytes: Count,
});
export type WheelMember = Static<typeof WheelMember>;

export const WheelReport = Type.Object(
  {
    kind: Type.Literal("wheel"),
    tags: Type.Array(Type.String(), {
      description: "PEP 425 tags of the file name, cp312-cp312-manylinux_2_17_x86_64",
    }),
    sizeBytes: Count,
    policy: Nullable(Type.String({ description: "The policy that its symbols allow; null where there is none" })),
    glibc: Nullable(Type.String({ description: "Newest GLIBC_x.y that it needs, 2.17; null without one" })),
    extensions: Type.Array(WheelMember, { description: "Extension modules" }),
    grafted: Type.Array(WheelMember, { description: "Libraries that the repair copied into it" }),
    external: Type.Array(Type.String(), { description: "Libraries that it needs and does not bring, by file name" }),
    foreignRpaths: Type.Array(Type.String(), { description: "RPATH entries that lead outside the wheel, file: entry" }),
    smArchitectures: Type.Array(Type.String(), { description: "SM architectures with machine code, 80 or 90a" }),
    ptxArchitectures: Type.Array(Type.String(), { description: "SM architectures with PTX" }),
    reproducibility: Nullable(
      Type.Enum(["same-bytes", "same-content", "different"], {
        description: "Against a second build of the same job; null: it was not built a second time",
      }),
    ),
    sourceDateEpoch: Type.Integer({ minimum: 0, description: "SOURCE_DATE_EPOCH of the build, Unix time in seconds" }),
    remarks: Type.Array(Type.String(), { description: "What is not as promised or looks wrong, in sentences" }),
  },
  { description: "What a build's wheel is found to be, after its repair" },
);
export type WheelReport = Static<typeof WheelReport>;

export const TEST_CASE_OUTCOMES = ["passed", "failed", "error", "skipped", "flaky"] as const;

export const TestCase = Type.Object({
  name: Type.String({ description: "tests.test_matmul::test_zero[float32]" }),
  outcome: Type.Enum([...TEST_CASE_OUTCOMES], { description: "flaky: it failed, and passed when it was run again" }),
  durationMs: Count,
  message: Type.String({ description: "The first lines of a failure, or the reason of a skip; may be empty" }),
  place: Type.String({ description: "tests/test_matmul.py:42; empty where the file does not tell" }),
});
export type TestCase = Static<typeof TestCase>;

export const Coverage = Type.Object({
  lines: Count,
  linesCovered: Count,
  branches: Type.Integer({ minimum: 0, description: "0 where branches were not measured" }),
  branchesCovered: Count,
});
export type Coverage = Static<typeof Coverage>;

export const TestReport = Type.Object(
  {
    kind: Type.Literal("test"),
    tests: Count,
    passed: Count,
    failed: Count,
    errors: Type.Integer({ minimum: 0, description: "Ended by an exception outside an assertion" }),
    skipped: Count,
    flaky: Type.Integer({
      minimum: 0,
      description: "Failed, and passed when they were run again; not among the failed",
    }),
    durationMs: Count,
    failures: Type.Array(TestCase, { description: "Failed and errors first, then flaky; bounded, unlike the counts" }),
    skips: Type.Array(TestCase, { description: "Bounded" }),
    slowest: Type.Array(TestCase, { description: "The longest first; bounded" }),
    coverage: Nullable(Coverage),
  },
  { description: "What the JUnit files and the coverage of a test command say" },
);
export type TestReport = Static<typeof TestReport>;

export const ARMS = ["baseline", "candidate"] as const;

const Reading = Nullable(Type.Number({ minimum: 0 }));

export const GpuStamp = Type.Object({
  uuid: Type.String(),
  driver: Type.String(),
  smClockMhz: Nullable(
    Type.Object(
      { before: Type.Number(), after: Type.Number() },
      { description: "First and last reading while it was used" },
    ),
  ),
  defaultSmClockMhz: Nullable(Type.Number({ description: "What it runs at when nothing limits it" })),
  temperatureC: Nullable(Type.Number()),
  powerW: Reading,
  throttleReasons: Type.Array(Type.String()),
  otherProcesses: Nullable(Type.Integer({ minimum: 0, description: "On the device, not the job's" })),
});
export type GpuStamp = Static<typeof GpuStamp>;

export const KernelBinary = Type.Object(
  {
    launches: Type.Array(Type.Integer({ minimum: 0 }), { description: "Numbers of launches in the profile" }),
    architecture: Type.String({ description: "SM architecture of the machine code, 90a" }),
    sha256: Type.String({ description: "Over its code, its constants and what it refers to" }),
    file: Type.String({ description: "The library that it is in, relative to site-packages" }),
  },
  { description: "Machine code of a profiled kernel; an equal hash is an unchanged kernel" },
);
export type KernelBinary = Static<typeof KernelBinary>;

export const MeasuredProcess = Type.Object({
  arm: Type.Enum([...ARMS]),
  pair: Type.Integer({ minimum: 0, description: "From 1; 0: a warm-up, which is thrown away" }),
  exitCode: Type.Integer(),
  durationMs: Count,
  stamp: Type.Object(
    {
      gpu: Nullable(GpuStamp),
      foreignCpu: Nullable(
        Type.Number({ minimum: 0, description: "Mean use of CPU by processes that are not the job's, in cores" }),
      ),
    },
    { description: "What was read around it; null: it could not be read" },
  ),
  files: Type.Array(Type.String(), { description: "Names of artifacts" }),
  disturbed: Type.String({ description: "Why the pair was taken again; may be empty" }),
  kernels: Type.Optional(Type.Array(KernelBinary, { description: "Of a profile" })),
  kernelsUnknown: Type.Optional(
    Type.String({ description: "Of a profile: why some launches have no machine code; may be empty" }),
  ),
});
export type MeasuredProcess = Static<typeof MeasuredProcess>;

export const BaselineFile = Type.Object(
  {
    run: Nullable(Type.String({ description: "The run that made it, r12; null: it is from the package index" })),
    commit: Nullable(Type.String({ description: "Of that run's source, where the baseline was named by it" })),
    filename: Type.String(),
    sha256: Type.String(),
  },
  { description: "The wheel that was installed as the baseline" },
);
export type BaselineFile = Static<typeof BaselineFile>;

export const NoBaseline = Type.Object(
  {
    reason: Type.String(),
    unknownProject: Type.Boolean({ description: "The index does not know the project, as before a first release" }),
  },
  { description: "Why the package index had no baseline; absent: it was not asked, or has one" },
);
export type NoBaseline = Static<typeof NoBaseline>;

export const MeasureReport = Type.Object(
  {
    kind: Type.Literal("measure"),
    baseline: Nullable(Type.String({ description: "Version of the baseline; null: there is none" })),
    baselineFile: Type.Optional(BaselineFile),
    noBaseline: Type.Optional(NoBaseline),
    processes: Type.Array(MeasuredProcess, { description: "In the order in which they ran" }),
  },
  { description: "What was measured, process by process" },
);
export type MeasureReport = Static<typeof MeasureReport>;

export const Report = Type.Union([WheelReport, TestReport, MeasureReport], {
  description: "What an attempt has found out, beside its outcome and its log",
});
export type Report = Static<typeof Report>;
