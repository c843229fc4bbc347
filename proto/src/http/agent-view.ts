import { Type, type Static } from "typebox";

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
  problems: Type.Array(Type.Object({ subject: Type.String(), message: Type.String() })),
  lastSeenMs: Type.Integer(),
});
export type AgentView = Static<typeof AgentView>;
