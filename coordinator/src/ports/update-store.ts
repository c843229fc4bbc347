import type { AgentSoftware } from "../domain/agent-update.ts";

/** What agents run and were offered; durable when a call resolves. */
export interface UpdateStore {
  all(): Promise<readonly AgentSoftware[]>;
  put(software: AgentSoftware): Promise<void>;
}
