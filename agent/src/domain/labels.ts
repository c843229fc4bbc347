/** Labels of an agent: as many, and as long, as the wire contract says. */
const LABELS_MAX = 32;
const KEY = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const VALUE_CHARS_MAX = 63;

export type LabelsResult =
  | { readonly ok: true; readonly labels: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly message: string };

/** Labels of "key=value" pairs. The message begins with the pair that is wrong. */
export function parseLabels(pairs: readonly string[]): LabelsResult {
  const labels = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const key = pair.slice(0, equals);
    const value = pair.slice(equals + 1);
    if (equals < 1 || !KEY.test(key)) {
      return bad(pair, "write key=value, with a key of a-z, 0-9, '.', '_' and '-', 63 characters at most");
    }
    if (value === "" || value.length > VALUE_CHARS_MAX || /[\s,]|[^\x20-\x7e]/.test(value)) {
      return bad(pair, "a value has 1 to 63 printable characters, without spaces and commas");
    }
    if (labels.has(key)) return bad(pair, "its key is there twice");
    labels.set(key, value);
  }
  if (labels.size > LABELS_MAX)
    return { ok: false, message: `${labels.size} labels are too many: ${LABELS_MAX} at most` };
  return { ok: true, labels: Object.fromEntries(labels) };
}

function bad(pair: string, rule: string): LabelsResult {
  return { ok: false, message: `${JSON.stringify(pair)} is no label: ${rule}` };
}
