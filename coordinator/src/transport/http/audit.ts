import { AuditPage } from "@kiln/proto";
import { Type } from "typebox";
import { AUDIT_ACTIONS } from "../../domain/audit.ts";
import { people } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";

const ENTRIES_PER_PAGE_MAX = 1_000;

const AuditQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: ENTRIES_PER_PAGE_MAX, default: 100 })),
    before: Type.Optional(Type.Integer({ minimum: 1, description: "Only rows with a lower id" })),
    since: Type.Optional(Type.Integer({ minimum: 0, description: "Only rows from this Unix time in milliseconds on" })),
    who: Type.Optional(Type.String({ maxLength: 300, description: "owner, token:NAME, agent:ID, …" })),
    what: Type.Optional(Type.String({ maxLength: 100, description: AUDIT_ACTIONS.join(", ") })),
  },
  { additionalProperties: false },
);

/** Who did what. */
export function auditRoutes(app: App, { audit }: RouteContext): void {
  app.get(
    "/audit",
    {
      config: people("operator"),
      schema: {
        operationId: "listAudit",
        summary: "List who did what, newest first",
        tags: ["people"],
        querystring: AuditQuery,
        response: responses({ 200: json("A page of the audit log", AuditPage) }, "unauthorized"),
      },
    },
    async (request): Promise<AuditPage> => {
      const { limit = 100, before = null, since = null, who = null, what } = request.query;
      const action = what === undefined ? null : AUDIT_ACTIONS.find((known) => known === what);
      if (action === undefined) {
        throw new HttpProblem("invalid-request", `what must be one of ${AUDIT_ACTIONS.join(", ")}`);
      }
      const entries = await audit.page({ limit, before, sinceMs: since, who, what: action });
      return { entries: [...entries], next: entries.length < limit ? null : (entries.at(-1)?.id ?? null) };
    },
  );
}
