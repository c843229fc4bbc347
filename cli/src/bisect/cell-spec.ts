import { KNOWN_AXES } from "@kiln/matrix";
import { Document, isMap, parseDocument } from "yaml";

/**
 * The spec that measures one cell and nothing else: its axes have that cell's
 * values, its benchmarks are compared with one release, and what costs time and
 * says nothing of them (checks, scans, profiles, gates) is left out.
 */
export function specForCell(
  text: string,
  axes: Readonly<Record<string, string>>,
  baseline: string | { readonly commit: string },
): string {
  const document = parseDocument(text);
  const spec = isMap(document.contents) ? document : new Document({});
  const known = Object.entries(axes).filter(([name]) => (KNOWN_AXES as readonly string[]).includes(name));
  const own = Object.entries(axes).filter(([name]) => !(KNOWN_AXES as readonly string[]).includes(name));
  const lists = (entries: readonly (readonly [string, string])[]): Record<string, string[]> =>
    Object.fromEntries(entries.map(([name, value]) => [name, [value]]));
  spec.set("matrix", spec.createNode({ ...lists(known), ...(own.length > 0 ? { axes: lists(own) } : {}) }));
  for (const section of ["checks", "scans", "profile", "profiles", "gates", "waivers", "release", "version"]) {
    spec.delete(section);
  }
  spec.setIn(["bench", "baseline"], spec.createNode(baseline));
  spec.deleteIn(["bench", "when"]);
  return spec.toString();
}

/** Files of the source that the benchmark needs, as the spec has them. */
export function benchFiles(text: string): readonly string[] {
  const files = (parseDocument(text).toJS() as { bench?: { files?: unknown } | null } | null)?.bench?.files;
  return Array.isArray(files) ? files.filter((file) => typeof file === "string") : [];
}
