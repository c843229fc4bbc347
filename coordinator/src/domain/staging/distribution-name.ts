import { valid } from "@renovatebot/pep440";
import { isProjectName, normalName } from "./project-name.ts";

/** What the name of a file on an index says. */
export interface Distribution {
  readonly kind: "wheel" | "sdist";
  /** Normalised (PEP 503). */
  readonly project: string;
  /** As the file writes it. */
  readonly version: string;
}

const FILENAME_CHARS_MAX = 255;
const SDIST = /^(.+?)(?:\.tar\.gz|\.zip)$/;
/** Suffixes of archives that installers take, older ones included. */
const ARCHIVE = /^(.+?)(?:\.tar\.(?:gz|bz2|xz|Z|lzma)|\.tgz|\.tbz|\.tlz|\.txz|\.tar|\.zip)$/;

/**
 * Reads the name of a file that is to be staged: a wheel's (PEP 427:
 * `name-version[-build]-python-abi-platform.whl`) or an sdist's (PEP 625:
 * `name-version.tar.gz`). null when it is neither.
 */
export function parseDistribution(filename: string): Distribution | null {
  if (filename.length > FILENAME_CHARS_MAX || !/^[A-Za-z0-9][A-Za-z0-9._+!-]*$/.test(filename)) return null;
  if (filename.endsWith(".whl")) return parseWheelName(filename);
  const stem = SDIST.exec(filename)?.[1];
  const dash = stem?.lastIndexOf("-") ?? -1;
  if (stem === undefined || dash < 1) return null;
  return distribution("sdist", stem.slice(0, dash), stem.slice(dash + 1));
}

/**
 * Whether a file on some index's page can be the project's. Older sdists have
 * dashes in their names and versions, so every dash is tried as the one
 * between. What installers do not take (.egg, .exe) is nobody's.
 */
export function belongsTo(filename: string, project: string): boolean {
  if (filename.length > FILENAME_CHARS_MAX || /[/\\\p{Cc}]/u.test(filename)) return false;
  if (filename.endsWith(".whl")) return parseWheelName(filename)?.project === project;
  const stem = ARCHIVE.exec(filename)?.[1];
  if (stem === undefined) return false;
  for (let dash = stem.indexOf("-"); dash !== -1; dash = stem.indexOf("-", dash + 1)) {
    if (normalName(stem.slice(0, dash)) === project && /^v?\d/i.test(stem.slice(dash + 1))) return true;
  }
  return false;
}

function parseWheelName(filename: string): Distribution | null {
  const parts = filename.slice(0, -".whl".length).split("-");
  if (parts.length !== 5 && parts.length !== 6) return null;
  const [name = "", version = "", build] = parts;
  if (parts.length === 6 && !/^\d/.test(build ?? "")) return null;
  if (!parts.slice(-3).every((tag) => /^[A-Za-z0-9_.]+$/.test(tag))) return null;
  return distribution("wheel", name, version);
}

function distribution(kind: Distribution["kind"], name: string, version: string): Distribution | null {
  // Wheels of older tools write the dashes of a local version as underscores.
  if (!isProjectName(name) || valid(version.replaceAll("_", "-")) === null) return null;
  return { kind, project: normalName(name), version: version.replaceAll("_", "-") };
}
