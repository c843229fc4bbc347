import type { ApiTokenRow } from "../domain/api-token.ts";
import type { AuditEntry } from "../domain/audit.ts";

/** The tokens of people and scripts. A change and its row in the audit log are one transaction, durable when it resolves. */
export interface ApiTokenStore {
  /** By name. */
  list(): Promise<readonly ApiTokenRow[]>;
  /** False when the name is taken; then nothing is written. */
  insert(row: ApiTokenRow, audit: AuditEntry): Promise<boolean>;
  /** False when there is none of this name; then nothing is written. */
  remove(name: string, audit: AuditEntry): Promise<boolean>;
  /** Passes over a token that is gone. */
  setUsed(name: string, atMs: number): Promise<void>;
}
