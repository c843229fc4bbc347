import type { AuditEntry } from "../domain/audit.ts";
import type { JobSecretRow, SecretKey } from "../domain/job-secret.ts";

/** Secrets for jobs, encrypted. A change and its row in the audit log are one transaction, durable when it resolves. */
export interface JobSecretStore {
  /** By name, then project, those for all projects first. */
  list(): Promise<readonly JobSecretRow[]>;
  /** Adds it or takes the place of the one before. */
  set(row: JobSecretRow, audit: AuditEntry): Promise<void>;
  /** False when there is none; then nothing is written. */
  remove(key: SecretKey, audit: AuditEntry): Promise<boolean>;
}
