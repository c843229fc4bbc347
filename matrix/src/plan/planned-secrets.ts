import type { SecretRef } from "../spec/spec.ts";
import type { CanonicalValue } from "./canonical-json.ts";

/** Names, in an order of their own. */
export function secretNames(secrets: readonly SecretRef[]): readonly string[] {
  return secrets.map(({ name }) => name).toSorted();
}

/**
 * The part of a job's key: names, and never values, so a key tells nothing of
 * them, and a new value makes no new key. Empty without secrets: such jobs keep
 * the keys that they had before there were any.
 */
export function secretsKey(secrets: readonly SecretRef[]): Readonly<Record<string, CanonicalValue>> {
  return secrets.length === 0 ? {} : { secrets: secretNames(secrets) };
}
