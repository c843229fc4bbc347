import { Type, type Static } from "typebox";

/** PUT /api/v1/agents/{agentId}/update: another version of the agent's software. */
export const UpdateAgentBody = Type.Object(
  {
    version: Type.String({
      maxLength: 100,
      pattern: "^[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?$",
      description: "SemVer, as the bundle's first line has it",
    }),
    sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "Of the bundle, a stored blob" }),
  },
  { additionalProperties: false },
);
export type UpdateAgentBody = Static<typeof UpdateAgentBody>;

/** What an agent runs, and what it was offered last. */
export const AgentUpdateView = Type.Object({
  agentId: Type.String(),
  takesUpdates: Type.Boolean({ description: "A service runs it that can start another version (agent service)" }),
  runningSha256: Type.String({ description: "Of the bundle that it runs; empty: the one that was installed" }),
  offered: Type.Union([
    Type.Null(),
    Type.Object({
      version: Type.String(),
      sha256: Type.String(),
      offeredAtMs: Type.Integer(),
      state: Type.Enum(["waiting", "taken", "failed"], {
        description: "waiting: until the agent has no job; failed: it did not come up and was rolled back",
      }),
      reason: Type.String({ description: "Why it failed; empty otherwise" }),
    }),
  ]),
});
export type AgentUpdateView = Static<typeof AgentUpdateView>;
