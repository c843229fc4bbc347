import type { Role } from "./principal.ts";

/** A token of a person or script, as the farm keeps it: never the token itself. */
export interface ApiTokenRow {
  /** Unique; for people and the audit log. */
  readonly name: string;
  readonly role: Role;
  /** Lower-case hexadecimal SHA-256 of the token. */
  readonly digest: string;
  readonly createdAtMs: number;
  /** `principalName` of who made it. */
  readonly createdBy: string;
  /** null: it does not expire. */
  readonly expiresAtMs: number | null;
  /** To the minute; null: never. */
  readonly usedAtMs: number | null;
}

export function isExpired({ expiresAtMs }: Pick<ApiTokenRow, "expiresAtMs">, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}
