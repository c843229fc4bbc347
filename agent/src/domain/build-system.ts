import { parse } from "smol-toml";

/** How a source is built (PEP 517, PEP 518). */
export interface BuildSystem {
  /** Requirements (PEP 508) to install before the backend is asked anything. */
  readonly requires: readonly string[];
  /** "setuptools.build_meta", "backend:object" */
  readonly backend: string;
  /** Folders inside the source that the backend itself is imported from. */
  readonly backendPath: readonly string[];
}

export type BuildSystemResult =
  | { readonly ok: true; readonly system: BuildSystem }
  /** `message` says what is wrong with the file. */
  | { readonly ok: false; readonly message: string };

/** What PEP 517 says of a source that names no backend. */
const LEGACY_BACKEND = "setuptools.build_meta:__legacy__";
/** What PEP 518 says of a source without the table. */
const LEGACY_REQUIRES = ["setuptools", "wheel"];
const REQUIRES_MAX = 500;

/** Reads `[build-system]` of a pyproject.toml; `text` is null where the source has no such file. */
export function readBuildSystem(text: string | null): BuildSystemResult {
  if (text === null) return { ok: true, system: legacy() };
  let file: Record<string, unknown>;
  try {
    file = parse(text);
  } catch (cause) {
    const [message] = (cause instanceof Error ? cause.message : String(cause)).split("\n", 1);
    return { ok: false, message: `pyproject.toml is no TOML: ${message}` };
  }
  const table = file["build-system"];
  if (table === undefined) return { ok: true, system: legacy() };
  if (typeof table !== "object" || table === null) return wrong("[build-system] must be a table");
  const fields = table as Readonly<Record<string, unknown>>;
  const { requires, "build-backend": backend = LEGACY_BACKEND, "backend-path": backendPath = [] } = fields;
  if (requires === undefined)
    return wrong("[build-system] has no requires, which PEP 518 demands: write requires = []");
  if (!isTexts(requires)) return wrong("[build-system] requires must be an array of strings");
  if (typeof backend !== "string" || !/^[\w.]+(?::[\w.]+)?$/.test(backend)) {
    return wrong("[build-system] build-backend must be a module, or module:object");
  }
  if (!isTexts(backendPath)) return wrong("[build-system] backend-path must be an array of strings");
  const outside = backendPath.find((path) => /^(?:[/\\]|[A-Za-z]:)/.test(path) || path.split(/[/\\]/).includes(".."));
  if (outside !== undefined) return wrong(`[build-system] backend-path leads outside the source: ${outside}`);
  return { ok: true, system: { requires, backend, backendPath } };
}

/** The answer of a backend's `get_requires_for_build_wheel`, as JSON; null when it is none. */
export function readBackendRequires(text: string): readonly string[] | null {
  try {
    const answer: unknown = JSON.parse(text);
    return isTexts(answer) ? answer : null;
  } catch {
    return null;
  }
}

function legacy(): BuildSystem {
  return { requires: LEGACY_REQUIRES, backend: LEGACY_BACKEND, backendPath: [] };
}

function wrong(text: string): BuildSystemResult {
  return { ok: false, message: `pyproject.toml: ${text}` };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= REQUIRES_MAX && value.every((one) => typeof one === "string");
}
