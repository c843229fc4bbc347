import { parse as parseToml } from "smol-toml";
import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { VersionPlace } from "../rules/gate-facts.ts";

/** A place that holds the version, as a release declares it. */
export type VersionPlaceSource = { readonly file: string } & (
  | { readonly kind: "toml" | "yaml"; readonly key: string }
  /** A constant, `__version__ = "1.4.0"`. */
  | { readonly kind: "python"; readonly name: string }
  /** The text around it, on one line. */
  | { readonly kind: "text"; readonly before: string; readonly after: string }
);

const TEXT_MAX = 1024 * 1024;

/** Looks a version up in the text of its file; null: there is no such file. What cannot be read holds no version. */
export function readVersionPlace(source: VersionPlaceSource, text: string | null): VersionPlace {
  const found = text === null || text.length > TEXT_MAX ? null : find(source, text);
  return { place: describe(source), file: source.file, line: found?.line ?? null, found: found?.text ?? null };
}

interface Found {
  readonly text: string;
  readonly line: number;
}

function describe(source: VersionPlaceSource): string {
  switch (source.kind) {
    case "toml":
    case "yaml":
      return `${source.file}: ${source.key}`;
    case "python":
      return `${source.file}: ${source.name}`;
    case "text":
      return `${source.file}: ${source.before}…${source.after}`;
  }
}

function find(source: VersionPlaceSource, text: string): Found | null {
  switch (source.kind) {
    case "toml":
      return findToml(source.key.split("."), text);
    case "yaml":
      return findYaml(source.key.split("."), text);
    case "python":
      return findConstant(source.name, text);
    case "text":
      return findBetween(source.before, source.after, text);
  }
}

function findToml(path: readonly string[], text: string): Found | null {
  let value: unknown;
  try {
    value = parseToml(text);
  } catch {
    return null;
  }
  for (const key of path) value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof value === "string" ? { text: value, line: lineOf(path, value, text) } : null;
}

/** The line under the key's own header that begins with it; else the first one that holds the value. */
function lineOf(path: readonly string[], value: string, text: string): number {
  const lines = text.split(/\r?\n/u);
  const table = path.slice(0, -1).join(".");
  let header = "";
  for (const [index, line] of lines.entries()) {
    const opened = /^\s*\[\s*([^[\]]+?)\s*\]/u.exec(line)?.[1];
    if (opened !== undefined) header = opened.replaceAll(/["'\s]/gu, "");
    const key = line.split("=", 1)[0]?.replaceAll(/["'\s]/gu, "") ?? "";
    if (line.includes("=") && (header === "" ? key : `${header}.${key}`) === path.join(".")) return index + 1;
    if (header === table && key === path.at(-1) && line.includes("=")) return index + 1;
  }
  return (
    Math.max(
      0,
      lines.findIndex((line) => line.includes(value)),
    ) + 1
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** YAML 1.2, and so JSON. */
function findYaml(path: readonly string[], text: string): Found | null {
  if (isTooDeep(text)) return null;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: "silent" });
  if (document.errors.length > 0) return null;
  let node: unknown = document.contents;
  for (const key of path) node = isMap(node) ? node.get(key, true) : undefined;
  if (!isScalar(node) || !node.range) return null;
  // As it was written: 1.10 is a number to YAML, 1.1.
  const written = typeof node.value === "string" ? node.value : (node.source ?? "");
  return written === "" ? null : { text: written, line: lines.linePos(node.range[0]).line };
}

function findConstant(name: string, text: string): Found | null {
  for (const [index, line] of text.split(/\r?\n/u).entries()) {
    if (!line.startsWith(name)) continue;
    const value = /^\s*(?::[^=]*)?=\s*(?:[rRuU]?)(?:"([^"\\]*)"|'([^'\\]*)')/u.exec(line.slice(name.length));
    if (value) return { text: value[1] ?? value[2] ?? "", line: index + 1 };
  }
  return null;
}

function findBetween(before: string, after: string, text: string): Found | null {
  for (const [index, line] of text.split(/\r?\n/u).entries()) {
    const start = line.indexOf(before);
    if (start < 0) continue;
    const from = start + before.length;
    const end = after === "" ? line.length : line.indexOf(after, from);
    if (end < 0) continue;
    return { text: line.slice(from, end).trim(), line: index + 1 };
  }
  return null;
}

const YAML_MAX = 256 * 1024;
const DEPTH_MAX = 100;

/** Composing recurses: what nests without end on one line must not reach it. */
function isTooDeep(text: string): boolean {
  if (text.length > YAML_MAX || /(?:[-?:][ \t]+){50}/u.test(text)) return true;
  let depth = 0;
  for (const character of text) {
    if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth = Math.max(0, depth - 1);
    if (depth > DEPTH_MAX) return true;
  }
  return false;
}
