/** A file on a project's page of a simple index. */
export interface IndexFile {
  readonly filename: string;
  /** Where its bytes are; relative to the page where it is our own. The last part is the file name. */
  readonly url: string;
  /** Lower-case hexadecimal; null when the index gives none. */
  readonly sha256: string | null;
  readonly requiresPython: string | null;
  readonly sizeBytes: number | null;
  /** ISO 8601 (PEP 700). */
  readonly uploadTime: string | null;
  /** Why it is yanked (PEP 592), "" without a reason; null when it is not. */
  readonly yanked: string | null;
  /** Whether `{url}.metadata` is there (PEP 658), and its SHA-256 where known. */
  readonly metadata: { readonly sha256: string | null } | null;
}

export interface IndexPage {
  /** Normalised (PEP 503). */
  readonly project: string;
  readonly files: readonly IndexFile[];
  /** PEP 700; null where the index does not say. */
  readonly versions: readonly string[] | null;
}

/** `application/vnd.pypi.simple.v1+json` (PEP 691; PEP 700 where everything it asks for is known). */
export function renderJson({ project, files, versions }: IndexPage): string {
  const complete = versions !== null && files.every(({ sizeBytes }) => sizeBytes !== null);
  return JSON.stringify({
    meta: { "api-version": complete ? "1.1" : "1.0" },
    name: project,
    ...(complete ? { versions } : {}),
    files: files.map((file) => ({
      filename: file.filename,
      url: file.url,
      hashes: file.sha256 === null ? {} : { sha256: file.sha256 },
      ...(file.requiresPython === null ? {} : { "requires-python": file.requiresPython }),
      ...(file.sizeBytes === null ? {} : { size: file.sizeBytes }),
      ...(file.uploadTime === null ? {} : { "upload-time": file.uploadTime }),
      ...(file.yanked === null ? {} : { yanked: file.yanked === "" ? true : file.yanked }),
      // PEP 714. Under its older name, `dist-info-metadata`, a digest here breaks pip 23.0.
      ...(file.metadata === null ? {} : { "core-metadata": hashesOf(file.metadata) }),
    })),
  });
}

function hashesOf({ sha256 }: { readonly sha256: string | null }): true | { readonly sha256: string } {
  return sha256 === null ? true : { sha256 };
}

/** The same as HTML (PEP 503, with the attributes of PEPs 592 and 714). */
export function renderHtml({ project, files }: IndexPage): string {
  const lines = files.map((file) => {
    const href = file.sha256 === null ? file.url : `${file.url}#sha256=${file.sha256}`;
    const attributes = [
      `href="${escaped(href)}"`,
      file.requiresPython === null ? "" : ` data-requires-python="${escaped(file.requiresPython)}"`,
      file.yanked === null ? "" : ` data-yanked="${escaped(file.yanked)}"`,
      file.metadata === null
        ? ""
        : ` data-core-metadata="${file.metadata.sha256 === null ? "true" : `sha256=${file.metadata.sha256}`}"`,
    ];
    return `<a ${attributes.join("")}>${escaped(file.filename)}</a><br>`;
  });
  return htmlDocument(`Links for ${project}`, lines);
}

/** The list of projects (PEP 691). */
export function renderRootJson(projects: readonly string[]): string {
  return JSON.stringify({ meta: { "api-version": "1.1" }, projects: projects.map((name) => ({ name })) });
}

/** The list of projects (PEP 503). */
export function renderRootHtml(projects: readonly string[]): string {
  return htmlDocument(
    "Simple index",
    projects.map((name) => `<a href="${escaped(name)}/">${escaped(name)}</a><br>`),
  );
}

function htmlDocument(title: string, lines: readonly string[]): string {
  return [
    "<!DOCTYPE html>",
    '<html><head><meta charset="utf-8"><meta name="pypi:repository-version" content="1.0">',
    `<title>${escaped(title)}</title></head><body>`,
    `<h1>${escaped(title)}</h1>`,
    ...lines,
    "</body></html>",
    "",
  ].join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
