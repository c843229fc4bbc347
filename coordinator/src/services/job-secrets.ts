import { SECRET_NAME, suggestSecret, type SecretRef, type SpecProblem } from "@kiln/matrix";
import type { Actor } from "../domain/audit.ts";
import { secretFor, secretMistake, type JobSecretRow, type SecretKey } from "../domain/job-secret.ts";
import { normalName } from "../domain/staging/project-name.ts";
import type { Clock } from "../ports/clock.ts";
import type { JobSecretStore } from "../ports/job-secret-store.ts";
import type { OpenedCipher } from "../ports/secret-cipher.ts";
import type { AuditLog } from "./audit-log.ts";

const SECRETS_MAX = 1_000;

export type SetSecretOutcome =
  | { readonly ok: true; readonly row: JobSecretRow }
  /** `detail` is a sentence without the value. */
  | { readonly ok: false; readonly reason: "refused"; readonly detail: string }
  | { readonly ok: false; readonly reason: "too-many"; readonly limit: number }
  /** The farm's key cannot be used. */
  | { readonly ok: false; readonly reason: "no-key"; readonly detail: string };

export type SecretValues =
  | { readonly ok: true; readonly values: Readonly<Record<string, string>> }
  /** `detail` names what cannot be had, and what to do. */
  | { readonly ok: false; readonly detail: string };

export interface JobSecretParts {
  readonly store: JobSecretStore;
  readonly audit: Pick<AuditLog, "entry">;
  readonly cipher: OpenedCipher;
  readonly clock: Clock;
}

/** Secrets that jobs name in their spec: encrypted at rest, decrypted for one attempt at a time. */
export class JobSecrets {
  readonly #parts: JobSecretParts;
  /** As the store has them, in its order. */
  #rows: readonly JobSecretRow[];

  private constructor(parts: JobSecretParts, rows: readonly JobSecretRow[]) {
    this.#parts = parts;
    this.#rows = rows;
  }

  static async open(parts: JobSecretParts): Promise<JobSecrets> {
    return new JobSecrets(parts, await parts.store.list());
  }

  /** `readable`: it was encrypted with the key that the farm has now. */
  list(): readonly (JobSecretRow & { readonly readable: boolean })[] {
    const { cipher } = this.#parts;
    return this.#rows.map((row) => ({ ...row, readable: cipher.ok && cipher.cipher.keyId === row.keyId }));
  }

  async set(given: SecretKey & { readonly value: string }, by: Actor): Promise<SetSecretOutcome> {
    const { store, audit, cipher, clock } = this.#parts;
    const { name, value } = given;
    if (!SECRET_NAME.test(name) || name.startsWith("KILN_")) {
      const detail = "names of secrets are upper-case letters, digits and _, and do not begin with KILN_: INDEX_TOKEN";
      return { ok: false, reason: "refused", detail };
    }
    const mistake = secretMistake(value);
    if (mistake !== null) return { ok: false, reason: "refused", detail: `the value of ${name}: ${mistake}` };
    if (!cipher.ok) return { ok: false, reason: "no-key", detail: cipher.detail };
    const key = normalised(given);
    if (this.#rows.length >= SECRETS_MAX && !this.#rows.some((row) => isSame(row, key))) {
      return { ok: false, reason: "too-many", limit: SECRETS_MAX };
    }
    const sealed = cipher.cipher.seal(value, contextOf(key));
    const row = { ...key, ...sealed, keyId: cipher.cipher.keyId, setAtMs: clock.nowMs(), setBy: by.who };
    await store.set(row, audit.entry(by, { what: "secret.set", object: shown(key) }));
    this.#rows = await store.list();
    return { ok: true, row };
  }

  /** False: there is none. */
  async remove(given: SecretKey, by: Actor): Promise<boolean> {
    const key = normalised(given);
    const entry = this.#parts.audit.entry(by, { what: "secret.remove", object: shown(key) });
    const removed = await this.#parts.store.remove(key, entry);
    this.#rows = await this.#parts.store.list();
    return removed;
  }

  /** What is wrong with the secrets that a spec names: those that the project does not have. */
  problems(refs: readonly SecretRef[], project: string, file: string): readonly SpecProblem[] {
    const own = this.#rows.filter((row) => row.project === null || row.project === normalName(project));
    const names = [...new Set(own.map(({ name }) => name))];
    return refs.flatMap(({ name, path, place }) => {
      if (names.includes(name)) return [];
      const message = `the farm has no secret ${name} for ${project}`;
      return [{ file, ...place, path, message, suggestion: suggestSecret(name, names) }];
    });
  }

  /** The values for a job of the project, all or none. */
  values(names: readonly string[], project: string): SecretValues {
    const { cipher } = this.#parts;
    const values: [string, string][] = [];
    for (const name of names) {
      const row = secretFor(this.#rows, name, normalName(project));
      if (!row) return missing(name, "was removed from the farm");
      if (!cipher.ok) return { ok: false, detail: cipher.detail };
      const value = cipher.cipher.keyId === row.keyId ? cipher.cipher.open(row, contextOf(row)) : null;
      if (value === null) return missing(name, "was encrypted with another key than the farm has now");
      values.push([name, value]);
    }
    return { ok: true, values: Object.fromEntries(values) };
  }
}

function missing(name: string, why: string): SecretValues {
  return { ok: false, detail: `the secret ${name} ${why}: set it again with \`kiln secret set ${name}\`` };
}

function normalised({ name, project }: SecretKey): SecretKey {
  return { name, project: project === null ? null : normalName(project) };
}

function isSame(a: SecretKey, b: SecretKey): boolean {
  return a.name === b.name && a.project === b.project;
}

/** What the ciphertext is bound to. No name has a slash in it. */
function contextOf({ name, project }: SecretKey): string {
  return `${name}/${project ?? ""}`;
}

function shown({ name, project }: SecretKey): string {
  return project === null ? name : `${name} of ${project}`;
}
