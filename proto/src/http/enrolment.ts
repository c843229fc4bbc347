import { Type, type Static } from "typebox";

const LABEL = "^[a-z0-9][a-z0-9_.-]{0,62}$";
const CREDENTIALS_CHARS_MAX = 16 * 1024;

/** An owner's own: `rack`: `a3`. */
export const Labels = Type.Record(Type.String({ pattern: LABEL }), Type.String({ maxLength: 63 }), {
  maxProperties: 32,
  description: "The owner's own, for example rack: a3",
});
export type Labels = Static<typeof Labels>;

export const AGENT_ROLES = ["worker", "ephemeral"] as const;
/** What becomes of a machine that joins: a worker stays, an ephemeral agent takes one job and leaves. */
export const AgentRole = Type.Enum([...AGENT_ROLES]);
export type AgentRole = (typeof AGENT_ROLES)[number];

/** POST /api/v1/join-tokens */
export const JoinTokenBody = Type.Object(
  {
    role: Type.Optional(AgentRole),
    labels: Type.Optional(Labels),
    uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: "Machines that may join; 1" })),
    lifetimeMs: Type.Optional(
      Type.Integer({ minimum: 1_000, maximum: 365 * 86_400_000, description: "Until it expires; one hour" }),
    ),
  },
  { additionalProperties: false },
);
export type JoinTokenBody = Static<typeof JoinTokenBody>;

/** A join token without its secret. */
export const JoinTokenView = Type.Object({
  id: Type.String(),
  role: AgentRole,
  labels: Labels,
  uses: Type.Integer({ description: "Machines that may join with it, all in all" }),
  usesLeft: Type.Integer(),
  createdAtMs: Type.Integer(),
  expiresAtMs: Type.Integer(),
});
export type JoinTokenView = Static<typeof JoinTokenView>;

/** The one time that the token itself is told. */
export const NewJoinToken = Type.Object({ ...JoinTokenView.properties, token: Type.String() });
export type NewJoinToken = Static<typeof NewJoinToken>;

/** POST /api/v1/agents/{agentId}/renewals, with the certificate that still holds. */
export const RenewalBody = Type.Object(
  {
    request: Type.String({ maxLength: CREDENTIALS_CHARS_MAX, description: "PKCS #10 in PEM, a key on P-256" }),
    natsPublicKey: Type.String({ maxLength: 100, description: "Of a NATS user: U…" }),
    nowMs: Type.Integer({ minimum: 0, description: "By the machine's clock" }),
  },
  { additionalProperties: false },
);
export type RenewalBody = Static<typeof RenewalBody>;

/** POST /api/v1/enrolments: a machine becomes an agent. */
export const EnrolmentBody = Type.Object(
  {
    ...RenewalBody.properties,
    token: Type.String({ maxLength: 200, description: "A join token" }),
    name: Type.String({ minLength: 1, maxLength: 200, description: "For people; the host's name" }),
  },
  { additionalProperties: false },
);
export type EnrolmentBody = Static<typeof EnrolmentBody>;

/** What an agent gets by enrolment and by renewal. */
export const Enrolment = Type.Object({
  agentId: Type.String(),
  certificate: Type.String({ description: "PEM" }),
  authority: Type.String({ description: "The farm's certificate, PEM: nothing else is to be trusted" }),
  natsJwt: Type.String(),
  notAfterMs: Type.Integer({ description: "When certificate and JWT run out" }),
  grpcAddress: Type.String({ description: "host:port; :port is on the host by which the farm was reached" }),
  natsUrl: Type.String({ description: "nats://host:port; nats://:port likewise" }),
  labels: Labels,
  role: AgentRole,
});
export type Enrolment = Static<typeof Enrolment>;

/** POST /api/v1/agents/{agentId}/revoke */
export const RevokeAgentBody = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 500, description: "For people" })) },
  { additionalProperties: false },
);
export type RevokeAgentBody = Static<typeof RevokeAgentBody>;

export const RevokedAgent = Type.Object({ agentId: Type.String(), revokedAtMs: Type.Integer() });
export type RevokedAgent = Static<typeof RevokedAgent>;
