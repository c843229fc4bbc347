import { parseMarker, type Marker } from "./marker.ts";
import { validRange } from "./pep440.ts";

/** A requirement of PEP 508, as Requires-Dist states it. */
export interface Dependency {
  /** Normalised by PEP 503: lower case, runs of `-`, `_` and `.` are one `-`. */
  readonly name: string;
  /** Version specifiers (PEP 440), "" for any; null when it names a URL instead, or what stands there is none. */
  readonly specifiers: string | null;
  readonly url: string | null;
  /** Null: always. `malformed`: something stands there that is no marker. */
  readonly marker: Marker | "malformed" | null;
}

const REQUIREMENT = /^([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)$/s;

/** Null for what does not begin with a project's name. */
export function parseDependency(text: string): Dependency | null {
  const [, written, rest = ""] = REQUIREMENT.exec(text.trim()) ?? [];
  if (written === undefined) return null;
  const name = written.toLowerCase().replace(/[-_.]+/g, "-");
  // A URL may hold `;`, so there the marker needs a space before it.
  const at = rest.startsWith("@") ? rest.search(/\s;/) : rest.indexOf(";");
  const before = (at < 0 ? rest : rest.slice(0, at)).trim();
  const after = at < 0 ? null : rest.slice(rest.indexOf(";", at) + 1);
  const marker = after === null ? null : (parseMarker(after) ?? "malformed");
  if (before.startsWith("@")) return { name, specifiers: null, url: before.slice(1).trim(), marker };
  const specifiers = before.replace(/^\((.*)\)$/s, "$1").trim();
  return { name, specifiers: validRange(specifiers) ? specifiers : null, url: null, marker };
}
