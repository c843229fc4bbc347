import type { ArtifactFact, ContentsFact, MetadataFact, SbomFact } from "@kiln/gate";
import { coreHeaders, parseCoreMetadata } from "../staging/core-metadata.ts";

/** What was read out of a wheel. */
export interface OpenedWheel {
  /** Paths of its files, without directories. */
  readonly paths: readonly string[];
  /** Of its .dist-info, by path: METADATA, RECORD, entry_points.txt, sboms. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** SHA-256 of each file as RECORD writes it (base64url without padding); null: they were not hashed. */
  readonly digests: ReadonlyMap<string, string> | null;
}

/** Of what has to be said, at most this much is kept. */
const PROBLEMS_MAX = 20;
const NAMES_MAX = 200;

/** Whether the facts of a wheel need the bytes of a file. */
export function isWantedForFacts(path: string): boolean {
  return /^[^/]+\.dist-info\/(?:METADATA|RECORD|entry_points\.txt|sboms\/[^/]+\.json)$/.test(path);
}

export function contentsOf(artifact: ArtifactFact, wheel: OpenedWheel): ContentsFact {
  return {
    ...artifact,
    recordProblems: wheel.digests === null ? null : recordProblems(wheel, wheel.digests).slice(0, PROBLEMS_MAX),
    topLevels: topLevels(wheel.paths).slice(0, NAMES_MAX),
    extensions: wheel.paths.filter(isExtension).slice(0, NAMES_MAX),
    entryPointsBroken: brokenEntryPoints(wheel).slice(0, PROBLEMS_MAX),
    rebuildDifferences: null,
  };
}

export function metadataOf(artifact: ArtifactFact, wheel: OpenedWheel, rendered: boolean | null): MetadataFact {
  const text = textOf(wheel, "METADATA") ?? "";
  const headers = coreHeaders(text);
  const first = (name: string): string | null => headers.get(name)?.[0] ?? null;
  const parsed = parseCoreMetadata(text);
  const problems = parsed.ok ? [] : [parsed.reason];
  const type = first("description-content-type");
  const [kind = ""] = (type ?? "").toLowerCase().split(";");
  // CommonMark makes something of every text, and plain text is shown as it is.
  const always = kind === "text/markdown" || kind === "text/plain";
  const hasReadme = /\r?\n\r?\n\s*\S/.test(text) || first("description") !== null;
  return {
    ...artifact,
    requiresPython: first("requires-python"),
    classifiers: (headers.get("classifier") ?? []).slice(0, NAMES_MAX),
    licenseExpression: first("license-expression"),
    readmeRenders: rendered ?? (always || !hasReadme ? true : null),
    problems,
  };
}

/** SBOMs in the wheel (PEP 770). */
export function sbomsOf(artifact: ArtifactFact, wheel: OpenedWheel): readonly SbomFact[] {
  return [...wheel.files]
    .filter(([path]) => /\.dist-info\/sboms\/[^/]+\.json$/.test(path))
    .map(([, bytes]) => ({ ...artifact, ...sbomIn(decode(bytes)), inWheel: true }));
}

/** What a JSON text is as a bill of materials. */
export function sbomIn(text: string): Pick<SbomFact, "format" | "components"> {
  const root = parseJson(text);
  if (!isRecord(root)) return { format: "unknown", components: 0 };
  if (root["bomFormat"] === "CycloneDX") {
    const { components } = root;
    return { format: "CycloneDX", components: Array.isArray(components) ? components.length : 0 };
  }
  if (typeof root["spdxVersion"] === "string") {
    const { packages } = root;
    return { format: "SPDX", components: Array.isArray(packages) ? packages.length : 0 };
  }
  return { format: "unknown", components: 0 };
}

/** A value that has no form yet; undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(wheel: OpenedWheel, name: string): string | null {
  const found = [...wheel.files].find(([path]) => path.endsWith(`.dist-info/${name}`));
  return found ? decode(found[1]) : null;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** "Recording installed projects": every file has a hash but RECORD itself, and those that sign it. */
function recordProblems(wheel: OpenedWheel, digests: ReadonlyMap<string, string>): readonly string[] {
  const text = textOf(wheel, "RECORD");
  if (text === null) return ["it has no RECORD"];
  const recorded = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const parts = /^(?:"((?:[^"]|"")*)"|([^",]*)),([^",]*),\d*$/.exec(line);
    if (parts) recorded.set(parts[1]?.replaceAll('""', '"') ?? parts[2] ?? "", parts[3] ?? "");
    else if (line !== "") return ["its RECORD cannot be read"];
  }
  const problems: string[] = [];
  for (const path of wheel.paths) {
    if (/\.dist-info\/RECORD(?:\.jws|\.p7s)?$/.test(path)) continue;
    const hash = recorded.get(path);
    if (hash === undefined || hash === "") problems.push(`${path} has no hash`);
    else if (!hash.startsWith("sha256=")) problems.push(`${path} has a hash that is not SHA-256`);
    else if (hash.slice("sha256=".length).replace(/=+$/, "") !== digests.get(path))
      problems.push(`${path} has other bytes`);
  }
  const there = new Set(wheel.paths);
  for (const path of recorded.keys()) if (!there.has(path)) problems.push(`${path} is not there`);
  return problems;
}

/** Names that it installs at the top: packages, modules, extension modules. */
function topLevels(paths: readonly string[]): readonly string[] {
  const names = new Set<string>();
  for (const path of paths) {
    const installed = /^[^/]+\.data\/(?:purelib|platlib)\/(.+)$/.exec(path)?.[1] ?? path;
    const [top = "", ...rest] = installed.split("/");
    if (/\.(?:dist-info|data|libs|dylibs)$/.test(top)) continue;
    const module = /^(\w+)(?:\.[\w.-]+)?\.(?:py|so|pyd)$/.exec(top)?.[1];
    if (rest.length > 0) names.add(top);
    else if (module !== undefined) names.add(module);
  }
  return [...names];
}

function isExtension(path: string): boolean {
  return /\.(?:so|pyd)$/.test(path) && !/(?:^|\/)[^/]*\.(?:libs|dylibs)\//.test(path);
}

const ENTRY_POINT_LINES_MAX = 2_000;

/** Entry points whose module is not in the wheel. Those into other packages are for the tests of an install. */
function brokenEntryPoints(wheel: OpenedWheel): readonly string[] {
  const text = textOf(wheel, "entry_points.txt");
  if (text === null) return [];
  const own = new Set(topLevels(wheel.paths));
  const modules = new Set(wheel.paths.flatMap(modulesOf));
  return text
    .split(/\r?\n/)
    .slice(0, ENTRY_POINT_LINES_MAX)
    .flatMap((line) => {
      const [, name = "", module = ""] = /^\s*([^=[\]#;]{1,200}?)\s*=\s*([\w.]+)\s*(?::|\[|$)/.exec(line) ?? [];
      if (module === "" || !own.has(module.split(".")[0] ?? "") || modules.has(module)) return [];
      return [`${name} (no module ${module})`];
    });
}

/** What can be imported because of a file: the module itself, and the packages that it lies in (PEP 420). */
function modulesOf(path: string): readonly string[] {
  const installed = path.replace(/^[^/]+\.data\/(?:purelib|platlib)\//, "");
  const parts = installed.split("/");
  const [, module] = /^(\w+)(?:\.[\w.-]+)?\.(?:py|so|pyd)$/.exec(parts.at(-1) ?? "") ?? [];
  const packages = parts.slice(0, -1);
  const names = packages.map((_, index) => packages.slice(0, index + 1).join("."));
  return module === undefined ? names : [...names, [...packages, module].join(".")];
}
