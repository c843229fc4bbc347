import { makeToken, parseToken, tokenDigest } from "@kiln/identity";
import type { Logger } from "pino";
import { isExpired, type ApiTokenRow } from "../domain/api-token.ts";
import type { Actor } from "../domain/audit.ts";
import type { Role } from "../domain/principal.ts";
import type { ApiTokenStore } from "../ports/api-token-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { AuditLog } from "./audit-log.ts";

/** Tokens that a farm may have at a time. */
const TOKENS_MAX = 1_000;
/** How exact the time of the last use is: a write for every request would cost more than the request. */
const USE_WRITTEN_EVERY_MS = 60_000;

export type CreateTokenOutcome =
  /** `token` is told this once. */
  | { readonly ok: true; readonly token: string; readonly row: ApiTokenRow }
  | { readonly ok: false; readonly reason: "name-taken" }
  | { readonly ok: false; readonly reason: "too-many"; readonly limit: number };

export type TokenCheck =
  | { readonly ok: true; readonly row: ApiTokenRow }
  /** `detail` says why and what to do, and may be told to whoever sent it. */
  | { readonly ok: false; readonly detail: string };

export interface TokenParts {
  readonly store: ApiTokenStore;
  readonly audit: Pick<AuditLog, "entry">;
  /** Of the farm's authority. */
  readonly fingerprint: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Tokens of people and scripts. At rest there is the SHA-256 of each. A slow hash
 * with salt is for passwords, which people choose and dictionaries have; a token
 * has 32 random characters of 62, that is 190 bits, which no guessing finds
 * whatever the hash costs, and every request has to be checked.
 */
export class ApiTokens {
  readonly #parts: TokenParts;
  readonly #byDigest = new Map<string, ApiTokenRow>();
  readonly #byName = new Map<string, ApiTokenRow>();

  private constructor(parts: TokenParts, rows: readonly ApiTokenRow[]) {
    this.#parts = parts;
    for (const row of rows) this.#keep(row);
  }

  static async open(parts: TokenParts): Promise<ApiTokens> {
    return new ApiTokens(parts, await parts.store.list());
  }

  /** `lifetimeMs` null: it does not expire. */
  async create(
    { name, role, lifetimeMs }: { readonly name: string; readonly role: Role; readonly lifetimeMs: number | null },
    by: Actor,
  ): Promise<CreateTokenOutcome> {
    const { store, audit, fingerprint, clock } = this.#parts;
    if (this.#byName.size >= TOKENS_MAX) return { ok: false, reason: "too-many", limit: TOKENS_MAX };
    const token = makeToken("api", fingerprint);
    const createdAtMs = clock.nowMs();
    const row: ApiTokenRow = {
      ...{ name, role, createdAtMs, createdBy: by.who, usedAtMs: null },
      digest: tokenDigest(token),
      expiresAtMs: lifetimeMs === null ? null : createdAtMs + lifetimeMs,
    };
    const until = row.expiresAtMs === null ? "never expires" : `expires ${new Date(row.expiresAtMs).toISOString()}`;
    const entry = audit.entry(by, { what: "token.create", object: name, detail: `role ${role}, ${until}` });
    if (!(await store.insert(row, entry))) return { ok: false, reason: "name-taken" };
    this.#keep(row);
    return { ok: true, token, row };
  }

  /** By name, with those that have expired. */
  list(): readonly ApiTokenRow[] {
    return [...this.#byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** From when it resolves the token opens nothing. False: there is none of this name. */
  async revoke(name: string, by: Actor): Promise<boolean> {
    const { store, audit } = this.#parts;
    const row = this.#byName.get(name);
    // Before the store has it: a request meanwhile is refused rather than let through.
    if (row) this.#forget(row);
    try {
      return await store.remove(name, audit.entry(by, { what: "token.revoke", object: name }));
    } catch (cause) {
      if (row) this.#keep(row);
      throw cause;
    }
  }

  /** Whose token this is. Looking a digest up tells no more of a secret than that it is not known. */
  check(token: string): TokenCheck {
    const parsed = parseToken(token);
    if (!parsed.ok) return { ok: false, detail: parsed.message };
    if (parsed.token.kind === "join") {
      return { ok: false, detail: "this token lets a machine join and nothing else; `kiln token create` makes others" };
    }
    if (parsed.token.fingerprint !== this.#parts.fingerprint) {
      return { ok: false, detail: "this token is another farm's: check the address, or take this farm's token" };
    }
    const row = this.#byDigest.get(tokenDigest(token));
    if (!row) {
      return { ok: false, detail: "the farm does not know this token: it was revoked, or is not complete" };
    }
    const nowMs = this.#parts.clock.nowMs();
    if (isExpired(row, nowMs)) {
      const when = new Date(row.expiresAtMs ?? 0).toISOString();
      return {
        ok: false,
        detail: `the token ${row.name} expired at ${when}: revoke it and make a new one with \`kiln token create\``,
      };
    }
    this.#noteUse(row, nowMs);
    return { ok: true, row };
  }

  #noteUse(row: ApiTokenRow, nowMs: number): void {
    if (row.usedAtMs !== null && nowMs - row.usedAtMs < USE_WRITTEN_EVERY_MS) return;
    this.#keep({ ...row, usedAtMs: nowMs });
    this.#parts.store.setUsed(row.name, nowMs).catch((cause: unknown) => {
      this.#parts.log.warn({ err: cause, token: row.name }, "the use of a token was not noted");
    });
  }

  #keep(row: ApiTokenRow): void {
    this.#byName.set(row.name, row);
    this.#byDigest.set(row.digest, row);
  }

  #forget(row: ApiTokenRow): void {
    this.#byName.delete(row.name);
    this.#byDigest.delete(row.digest);
  }
}
