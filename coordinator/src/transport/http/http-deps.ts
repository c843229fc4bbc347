import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ResumableBlobStore } from "../../ports/blob-uploads.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LogStore } from "../../ports/log-store.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { AgentCommands } from "../../services/agent-commands.ts";
import type { AgentIdentities } from "../../services/agent-identities.ts";
import type { ApiTokens } from "../../services/api-tokens.ts";
import type { AuditLog } from "../../services/audit-log.ts";
import type { JobSecrets } from "../../services/job-secrets.ts";
import type { RetentionApi, RunChanges, RunCommands, RunQueries } from "../../services/api.ts";
import type { AgentUpdateApi } from "../../services/agent-updates.ts";
import type { StagingIndex } from "../../services/index-api.ts";
import type { Verdicts } from "../../services/verdict/verdicts.ts";
import type { TlsMaterial } from "../tls/tls-material.ts";
import type { HttpLimits } from "./limits.ts";
import type { LiveStreams } from "./live-stream.ts";

export type Readiness = { readonly ok: true } | { readonly ok: false; readonly detail: string };

export interface HttpServerDeps {
  readonly commands: RunCommands;
  readonly queries: RunQueries;
  readonly verdicts: Verdicts;
  readonly agents: AgentCommands;
  readonly changes: RunChanges;
  readonly index: StagingIndex;
  readonly blobs: ResumableBlobStore;
  readonly retention: RetentionApi;
  readonly logs: LogStore;
  readonly metrics: Pick<Metrics, "limitReached"> & {
    scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
  };
  /** Whether work can be taken; a person reads the detail. */
  readonly ready: () => Promise<Readiness>;
  /** The farm's own token: the owner's. */
  readonly token: string;
  readonly apiTokens: ApiTokens;
  readonly audit: AuditLog;
  readonly secrets: JobSecrets;
  readonly clock: Clock;
  readonly identities: AgentIdentities;
  /** The agent whose certificate the connection has shown and the farm takes; null when there is none. Absent: there never is. */
  readonly agentOf?: (request: FastifyRequest) => string | null;
  /** Whether the agent holds an attempt of that run now. */
  readonly holdsAttemptOf: (agentId: string, run: number) => boolean;
  /** Absent: plain HTTP, for tests. */
  readonly tls?: TlsMaterial;
  readonly updates: AgentUpdateApi;
  readonly version: string;
  readonly log: FastifyBaseLogger | false;
  /** What differs from DEFAULT_HTTP_LIMITS. */
  readonly limits?: Partial<HttpLimits>;
  /** Host names, besides localhost and IP addresses, under which clients may reach this server. */
  readonly allowedHosts?: readonly string[];
}

/** What the routes are given. */
export interface RouteContext extends Omit<HttpServerDeps, "limits"> {
  readonly limits: HttpLimits;
  readonly eventStreams: LiveStreams;
  readonly logStreams: LiveStreams;
}

/** Fastify with schemas that also give the types of parameters, queries and bodies. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
