/** Of a key and of a value. */
const LABEL_CHARS_MAX = 63;

/** As agents are labelled: `rack`, `nvlink`, `team.example-1`. */
export function isLabelKey(text: string): boolean {
  return text.length <= LABEL_CHARS_MAX && /^[a-z0-9][a-z0-9._-]*$/.test(text);
}

/** Printable ASCII without spaces and commas. May be empty: a label that only has to be there. */
export function isLabelValue(text: string): boolean {
  return text.length <= LABEL_CHARS_MAX && /^[\x21-\x2b\x2d-\x7e]*$/.test(text);
}
