/** A secret for jobs as the store has it: encrypted. */
export interface JobSecretRow extends SecretKey {
  /** Which key it was encrypted with: a digest that does not tell the key. */
  readonly keyId: string;
  readonly nonce: Uint8Array;
  /** With the tag that authenticates it. */
  readonly ciphertext: Uint8Array;
  readonly setAtMs: number;
  /** `principalName` of who set it. */
  readonly setBy: string;
}

/** A secret's name is also the variable that jobs find it in. */
export interface SecretKey {
  readonly name: string;
  /** Only for this project (normal form of PEP 503); null: for all. */
  readonly project: string | null;
}

/** Agents do not look for shorter texts in output, where they would be found all over. */
const VALUE_BYTES_MIN = 6;
/** Of one line: agents cannot look for longer ones in output that is still coming. */
const LINE_BYTES_MAX = 16 * 1024;
/** A variable on Windows has 32,767 characters. */
const VALUE_BYTES_MAX = 32_000;

/** Why a value cannot be a secret, without the value; null: it can. */
export function secretMistake(value: string): string | null {
  const bytes = new TextEncoder().encode(value).length;
  if (!value.isWellFormed()) return "it is not text in UTF-8: encode it, with Base64 for example";
  if (value.includes("\0"))
    return "it has a NUL character, which no variable can hold: encode it, with Base64 for example";
  if (bytes < VALUE_BYTES_MIN) {
    return `it has ${bytes} bytes; one of fewer than ${VALUE_BYTES_MIN} cannot be kept out of logs`;
  }
  if (bytes > VALUE_BYTES_MAX) return `it has ${bytes} bytes; a variable holds ${VALUE_BYTES_MAX}`;
  if (value.split(/[\r\n]/).some((line) => new TextEncoder().encode(line).length > LINE_BYTES_MAX)) {
    return `it has a line of more than ${LINE_BYTES_MAX} bytes, which cannot be kept out of logs: break it`;
  }
  return null;
}

/** Of secrets of one name, that of the project goes before that of all. */
export function secretFor<T extends SecretKey>(rows: readonly T[], name: string, project: string): T | null {
  const named = rows.filter((row) => row.name === name);
  return named.find((row) => row.project === project) ?? named.find((row) => row.project === null) ?? null;
}
