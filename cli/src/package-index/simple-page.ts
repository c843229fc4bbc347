/** One file of a project on a simple index. */
export interface IndexFile {
  readonly filename: string;
  /** Absolute. */
  readonly url: string;
  /** Lower-case hexadecimal, or null when the index gives none. */
  readonly sha256: string | null;
  readonly yanked: boolean;
}

/** Reads a project's page of a simple index, JSON (PEP 691) or HTML (PEP 503). Throws when it is neither. */
export function parseSimplePage(text: string, contentType: string, pageUrl: string): readonly IndexFile[] {
  return /^application\/(vnd\.pypi\.simple\.[\w.]+\+)?json/i.test(contentType.trim())
    ? parseJson(text, pageUrl)
    : parseHtml(text, pageUrl);
}

interface JsonFile {
  readonly filename?: unknown;
  readonly url?: unknown;
  readonly hashes?: { readonly sha256?: unknown };
  readonly yanked?: unknown;
}

function parseJson(text: string, pageUrl: string): readonly IndexFile[] {
  const page = JSON.parse(text) as { readonly files?: unknown } | null;
  if (!Array.isArray(page?.files)) throw new Error("the page has no list of files");
  return (page.files as JsonFile[]).flatMap(({ filename, url, hashes, yanked }) => {
    if (typeof filename !== "string" || typeof url !== "string" || !URL.canParse(url, pageUrl)) return [];
    const sha256 = typeof hashes?.sha256 === "string" ? hashes.sha256.toLowerCase() : null;
    return [
      { filename, url: new URL(url, pageUrl).href, sha256, yanked: yanked === true || typeof yanked === "string" },
    ];
  });
}

function parseHtml(text: string, pageUrl: string): readonly IndexFile[] {
  const baseHref = attribute(/<base\b([^>]*)>/i.exec(text)?.[1] ?? "", "href");
  const base = baseHref !== null && URL.canParse(baseHref, pageUrl) ? new URL(baseHref, pageUrl).href : pageUrl;
  return [...text.matchAll(/<a\b([^>]*)>/gi)].flatMap(([, attributes = ""]) => {
    const href = attribute(attributes, "href");
    if (href === null || !URL.canParse(href, base)) return [];
    const url = new URL(href, base);
    const sha256 = /(?:^|[#&])sha256=([0-9a-f]{64})/i.exec(url.hash)?.[1]?.toLowerCase() ?? null;
    url.hash = "";
    const filename = decodeURIComponent(url.pathname.split("/").at(-1) ?? "");
    const yanked = /(?:^|\s)data-yanked(?=[\s=>]|$)/i.test(attributes);
    return filename === "" ? [] : [{ filename, url: url.href, sha256, yanked }];
  });
}

function attribute(attributes: string, name: string): string | null {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i").exec(attributes);
  const value = match?.[1] ?? match?.[2] ?? match?.[3];
  return value === undefined ? null : withoutEntities(value);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function withoutEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (whole, hex: string, decimal: string, name: string) => {
    if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
    const code = hex === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
