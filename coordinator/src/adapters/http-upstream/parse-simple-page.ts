import { Parser } from "htmlparser2";
import { belongsTo } from "../../domain/staging/distribution-name.ts";
import type { IndexFile, IndexPage } from "../../domain/staging/index-page.ts";

/** The page is not one of a simple index; the message is a sentence part about it. */
export class NotASimplePage extends Error {}

const SHA256 = /^[0-9a-f]{64}$/;
const TEXT_CHARS_MAX = 1_000;

/**
 * Reads a project's page, JSON (PEP 691) or HTML (PEP 503); URLs come out
 * absolute. Files that cannot be the project's are left out: a page speaks for
 * its own project only. Throws NotASimplePage.
 */
export function parseSimplePage(text: string, contentType: string, pageUrl: string, project: string): IndexPage {
  const isJson = /^application\/(?:vnd\.pypi\.simple\.[\w.]+\+)?json/i.test(contentType.trim());
  const page = isJson ? parseJson(text, pageUrl) : parseHtml(text, pageUrl);
  const seen = new Set<string>();
  const files = page.files.filter(({ filename }) => {
    if (seen.has(filename) || !belongsTo(filename, project)) return false;
    seen.add(filename);
    return true;
  });
  return { project, files, versions: page.versions };
}

type Untrusted = Readonly<Record<string, unknown>>;

function parseJson(text: string, pageUrl: string): Omit<IndexPage, "project"> {
  let page: Untrusted | null;
  try {
    page = JSON.parse(text) as Untrusted | null;
  } catch {
    throw new NotASimplePage("its page is not JSON, though it says so");
  }
  const listed = page?.["files"];
  if (!Array.isArray(listed)) throw new NotASimplePage("its page has no list of files");
  const versions = page?.["versions"];
  return {
    files: listed.flatMap((file: Untrusted | null) => jsonFile(file, pageUrl)),
    versions: Array.isArray(versions) ? versions.filter((version) => typeof version === "string") : null,
  };
}

function jsonFile(file: Untrusted | null, pageUrl: string): IndexFile[] {
  const filename = shortText(file?.["filename"]);
  const url = absoluteUrl(file?.["url"], pageUrl);
  if (!file || filename === null || url === null) return [];
  const size = file["size"];
  const yanked = file["yanked"];
  return [
    {
      filename,
      url,
      sha256: digestOf(file["hashes"]),
      requiresPython: shortText(file["requires-python"]),
      sizeBytes: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : null,
      uploadTime: shortText(file["upload-time"]),
      yanked: yanked === true ? "" : typeof yanked === "string" ? yanked.slice(0, TEXT_CHARS_MAX) : null,
      metadata: jsonMetadata(file),
    },
  ];
}

/** PEP 714: the new name first, then the one that older indexes use. */
function jsonMetadata(file: Untrusted): IndexFile["metadata"] {
  const value = file["core-metadata"] ?? file["dist-info-metadata"];
  if (value === true) return { sha256: null };
  return typeof value === "object" && value !== null ? { sha256: digestOf(value) } : null;
}

function parseHtml(text: string, pageUrl: string): Omit<IndexPage, "project"> {
  const files: IndexFile[] = [];
  let base = pageUrl;
  const parser = new Parser({
    onopentag(tag, attributes) {
      if (tag === "base") base = absoluteUrl(attributes["href"], pageUrl) ?? base;
      if (tag === "a") files.push(...anchorFile(attributes, base));
    },
  });
  parser.end(text);
  if (files.length === 0 && !/<html|<!doctype html|<body|<a\s/i.test(text)) {
    throw new NotASimplePage("its page is neither HTML nor JSON");
  }
  return { files, versions: null };
}

function anchorFile(attributes: Readonly<Record<string, string>>, base: string): IndexFile[] {
  const href = absoluteUrl(attributes["href"], base);
  if (href === null) return [];
  const url = new URL(href);
  const sha256 = /^#(?:.*&)?sha256=([0-9a-f]{64})/i.exec(url.hash)?.[1]?.toLowerCase() ?? null;
  url.hash = "";
  const filename = decoded(url.pathname.split("/").at(-1) ?? "");
  if (filename === null || filename === "") return [];
  const yanked = attributes["data-yanked"];
  return [
    {
      filename,
      url: url.href,
      sha256,
      requiresPython: shortText(attributes["data-requires-python"]),
      sizeBytes: null,
      uploadTime: null,
      yanked: yanked === undefined ? null : yanked.slice(0, TEXT_CHARS_MAX),
      metadata: htmlMetadata(attributes["data-core-metadata"] ?? attributes["data-dist-info-metadata"]),
    },
  ];
}

function htmlMetadata(value: string | undefined): IndexFile["metadata"] {
  if (value === undefined) return null;
  return { sha256: /^sha256=([0-9a-f]{64})$/i.exec(value)?.[1]?.toLowerCase() ?? null };
}

function digestOf(hashes: unknown): string | null {
  const sha256 = (hashes as Untrusted | null | undefined)?.["sha256"];
  const digest = typeof sha256 === "string" ? sha256.toLowerCase() : "";
  return SHA256.test(digest) ? digest : null;
}

/** Only what is fetched as the page was: a page from the network cannot name a file on this machine. */
function absoluteUrl(value: unknown, base: string): string | null {
  if (typeof value !== "string" || !URL.canParse(value, base)) return null;
  const url = new URL(value, base);
  const allowed = base.startsWith("file:") ? ["file:", "http:", "https:"] : ["http:", "https:"];
  return allowed.includes(url.protocol) ? url.href : null;
}

function shortText(value: unknown): string | null {
  return typeof value === "string" && value.length <= TEXT_CHARS_MAX ? value : null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
