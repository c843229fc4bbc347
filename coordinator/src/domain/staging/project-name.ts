/** Longest project name that is looked at. */
const NAME_CHARS_MAX = 200;

/** Whether the text can be a project's name (the packaging specification "Names and normalization"). */
export function isProjectName(text: string): boolean {
  return text.length <= NAME_CHARS_MAX && /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(text);
}

/** The one spelling under which an index knows a project (PEP 503): `Hello_Native` → `hello-native`. */
export function normalName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}
