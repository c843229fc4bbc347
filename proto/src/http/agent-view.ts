import { Type, type Static } from "typebox";
import { JobKind } from "./job-view.ts";

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
  gpus: Type.Array(
    Type.Object({
      uuid: Type.String(),
      model: Type.String({ description: "As the driver names it" }),
      computeCapability: Type.String({ description: "For example 9.0" }),
      memoryBytes: Type.Integer(),
      driver: Type.String({ description: "For example 535.104.05" }),
    }),
  ),
  cudaToolkits: Type.Array(Type.Object({ version: Type.String(), path: Type.String() })),
  problems: Type.Array(Type.Object({ subject: Type.String(), message: Type.String() })),
  lastSeenMs: Type.Integer(),
});
export type AgentView = Static<typeof AgentView>;
