import { Type, type Static } from "typebox";
import { HealthReportView, HealthView, ModeView, WindowView } from "./agent-standing-view.ts";
import { JobKind } from "./job-view.ts";

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const Count = Type.Integer({ minimum: 0 });

const ProbeView = Type.Object({
  answer: Type.Enum(["yes", "no", "unknown"]),
  detail: Type.String({ description: "What was seen and, unless yes, what to do" }),
});

const DEVICE = {
  health: HealthView,
  heldBy: Nullable(Type.String({ description: "The attempt that has it to itself, r12/7#1" })),
};

export const GpuView = Type.Object({
  uuid: Type.String(),
  model: Type.String({ description: "As the driver names it" }),
  computeCapability: Type.String({ description: "For example 9.0" }),
  memoryBytes: Count,
  driver: Type.String({ description: "For example 535.104.05" }),
  cudaDriver: Type.String({ description: "Newest CUDA that the driver runs without restriction; may be empty" }),
  cudaMinorCompatible: Type.String({
    description: "Newest CUDA that it runs by minor version compatibility; may be empty",
  }),
  migMode: Type.String({ description: "enabled, disabled; empty: the GPU has no such mode" }),
  migSlices: Type.Array(Type.Object({ uuid: Type.String(), profile: Type.String(), memoryBytes: Count, ...DEVICE })),
  eccMode: Type.String({ description: "enabled, disabled; empty: none" }),
  eccCorrected: Nullable(Count),
  eccUncorrected: Nullable(Count),
  smClockMaxMhz: Nullable(Count),
  memoryClockMaxMhz: Nullable(Count),
  powerLimitWatts: Nullable(Count),
  clocksLockable: ProbeView,
  countersReadable: ProbeView,
  processes: Type.Array(Type.Object({ pid: Count, name: Type.String(), memoryBytes: Count }), {
    description: "Processes that hold memory of the GPU and are none of the agent's jobs",
  }),
  pciBusId: Type.String(),
  ...DEVICE,
});
export type GpuView = Static<typeof GpuView>;

const ReadingsView = Type.Object(
  {
    cpuPressure: Nullable(Type.Number()),
    memoryPressure: Nullable(Type.Number()),
    ioPressure: Nullable(Type.Number()),
    memoryAvailableBytes: Nullable(Count),
    gpus: Type.Array(
      Type.Object({
        uuid: Type.String(),
        utilizationPercent: Nullable(Type.Number()),
        temperatureCelsius: Nullable(Count),
        smClockMhz: Nullable(Count),
        memoryUsedBytes: Nullable(Count),
      }),
    ),
  },
  {
    description:
      "Of its last heartbeat; pressures are how long programs waited, percent of ten seconds. null: not known",
  },
);

export const AgentView = Type.Object({
  agentId: Type.String(),
  name: Type.String(),
  version: Type.String(),
  state: Type.Enum(["online", "offline"]),
  os: Type.String(),
  arch: Type.String(),
  osTitle: Type.String(),
  libc: Type.String(),
  kernel: Type.String(),
  cpuModel: Type.String(),
  cpuCores: Type.Integer(),
  memoryBytes: Type.Integer(),
  diskFreeBytes: Type.Integer(),
  readings: Nullable(ReadingsView),
  slots: Type.Integer(),
  busy: Type.Integer({ description: "Slots in use" }),
  executors: Type.Array(Type.String()),
  pythons: Type.Array(
    Type.Object({
      feature: Type.String({ description: "3.12 or 3.13t" }),
      version: Type.String(),
      path: Type.String(),
      foundBy: Type.String(),
      platform: Type.String({ description: "Platform of its wheels, for example linux-x86_64" }),
    }),
  ),
  osRelease: Type.String({
    description: "As the matrix names it, for example debian-12; empty when it cannot be told",
  }),
  kinds: Type.Array(JobKind, { description: "Kinds of jobs it runs" }),
  installsTorch: Type.Boolean({ description: "Whether it can install a PyTorch into a job's environment" }),
  gpus: Type.Array(GpuView),
  cudaToolkits: Type.Array(Type.Object({ version: Type.String(), path: Type.String() })),
  problems: Type.Array(Type.Object({ subject: Type.String(), message: Type.String() })),
  lastSeenMs: Type.Integer(),
  labels: Type.Record(Type.String(), Type.String(), { description: "Its owner's own" }),
  ephemeral: Type.Boolean({ description: "Takes one job, then leaves the farm" }),
  hostId: Type.String({ description: "Agents with an equal one share the machine's GPUs; may be empty" }),
  revoked: Nullable(
    Type.Object({ atMs: Type.Integer({ description: "Unix time in milliseconds" }), reason: Type.String() }),
  ),
  mode: ModeView,
  health: HealthView,
  windows: Type.Array(WindowView),
  attempts: Type.Array(
    Type.Object({
      run: Type.String({ description: "For example r12" }),
      job: Type.String({ description: "Its name" }),
      attempt: Type.Integer({ minimum: 1 }),
      sinceMs: Type.Integer({ description: "When it was assigned, Unix time in milliseconds" }),
    }),
    { description: "What it holds" },
  ),
});
export type AgentView = Static<typeof AgentView>;

export const AgentDetail = Type.Object({
  ...AgentView.properties,
  reports: Type.Array(HealthReportView, { description: "Newest first; the last hundred" }),
});
export type AgentDetail = Static<typeof AgentDetail>;
