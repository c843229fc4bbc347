import type { AuditEntry } from "../domain/audit.ts";
import type { AgentSoftware } from "../domain/agent-update.ts";

/** What agents run and were offered; durable when a call resolves. */
export interface UpdateStore {
  all(): Promise<readonly AgentSoftware[]>;
  /** `audit` is written with it; null where nobody asked for it. */
  put(software: AgentSoftware, audit: AuditEntry | null): Promise<void>;
}
