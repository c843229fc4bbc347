import { Type, type Static } from "typebox";

/** What people and scripts may do; each role may do all that those before it may. */
export const RoleName = Type.Union(
  [Type.Literal("viewer"), Type.Literal("submitter"), Type.Literal("releaser"), Type.Literal("operator")],
  { description: "Each may do what those before it may" },
);
export type RoleName = Static<typeof RoleName>;

/** A token of a person or script, without the token itself. */
export const TokenView = Type.Object({
  name: Type.String(),
  role: RoleName,
  createdAtMs: Type.Integer(),
  createdBy: Type.String({ description: "As the audit log names them: owner, token:NAME" }),
  expiresAtMs: Type.Union([Type.Integer(), Type.Null()], { description: "null: it does not expire" }),
  expired: Type.Boolean(),
  usedAtMs: Type.Union([Type.Integer(), Type.Null()], { description: "To the minute; null: never" }),
});
export type TokenView = Static<typeof TokenView>;

export const CreateTokenBody = Type.Object(
  {
    name: Type.String({
      description: "Lower-case letters, digits, and . _ - inside",
      pattern: "^[a-z0-9][a-z0-9._-]{0,62}$",
    }),
    role: RoleName,
    expiresInMs: Type.Optional(
      Type.Integer({ description: "From now; absent: it does not expire", minimum: 60_000, maximum: 315_576_000_000 }),
    ),
  },
  { additionalProperties: false },
);
export type CreateTokenBody = Static<typeof CreateTokenBody>;

export const CreatedToken = Type.Object({
  ...TokenView.properties,
  token: Type.String({ description: "Told this once: the farm keeps a digest only" }),
});
export type CreatedToken = Static<typeof CreatedToken>;

/** One row of the audit log. */
export const AuditEntryView = Type.Object({
  id: Type.Integer({ description: "Increases with every row" }),
  atMs: Type.Integer(),
  who: Type.String({ description: "owner, token:NAME, agent:ID, reader:RUN; nobody: not known" }),
  what: Type.String({ description: "For example run.submit, token.create; access: somebody was not let in" }),
  object: Type.String(),
  outcome: Type.Union([Type.Literal("done"), Type.Literal("refused"), Type.Literal("failed")]),
  from: Type.String({ description: "IP address; empty: none" }),
  detail: Type.String(),
});
export type AuditEntryView = Static<typeof AuditEntryView>;

export const AuditPage = Type.Object({
  entries: Type.Array(AuditEntryView, { description: "Newest first" }),
  next: Type.Union([Type.Integer(), Type.Null()], { description: "Ask on with before=; null: these were the last" }),
});
export type AuditPage = Static<typeof AuditPage>;

/** A secret for jobs, without its value, which never leaves the farm but to the agent of a job that names it. */
export const SecretView = Type.Object({
  name: Type.String({ description: "Also the variable that jobs find it in" }),
  project: Type.Union([Type.String(), Type.Null()], { description: "Only for this project; null: for all" }),
  setAtMs: Type.Integer(),
  setBy: Type.String(),
  readable: Type.Boolean({ description: "false: it was encrypted with another key than the farm has now" }),
});
export type SecretView = Static<typeof SecretView>;

export const SetSecretBody = Type.Object(
  {
    value: Type.String({ minLength: 1, maxLength: 32_768 }),
    project: Type.Optional(Type.String({ description: "Absent: for all projects", minLength: 1, maxLength: 200 })),
  },
  { additionalProperties: false },
);
export type SetSecretBody = Static<typeof SetSecretBody>;
