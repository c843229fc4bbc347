import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface UpstreamFileToServe {
  readonly bytes: Uint8Array;
  /** What the page says, where that is not the truth; null: nothing. */
  readonly sha256?: string | null;
  readonly requiresPython?: string;
  readonly yanked?: string;
  readonly metadata?: string;
}

export interface FakeUpstream extends AsyncDisposable {
  /** Of the simple index. */
  readonly url: string;
  /** Paths asked for, in order. */
  readonly asked: string[];
  readonly authorizations: (string | undefined)[];
  /** Answers in place of the index where it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** A package index on the loopback address; `projects` may change at any time. */
export async function startFakeUpstream(
  projects: Map<string, Map<string, UpstreamFileToServe>>,
  format: "json" | "html" = "json",
): Promise<FakeUpstream> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    authorizations.push(request.headers.authorization);
    if (upstream.intercept(request, response)) return;
    const [, kind = "", project = "", filename = ""] = path.split("/").map(decodeURIComponent);
    const files = projects.get(project);
    const metadata = filename.endsWith(".metadata");
    const file = files?.get(metadata ? filename.slice(0, -".metadata".length) : filename);
    if (kind === "simple" && files && filename === "") return sendPage(response, project, files, format);
    const bytes = metadata ? file?.metadata : file?.bytes;
    if (kind !== "files" || bytes === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-length": Buffer.byteLength(bytes) }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const upstream: FakeUpstream = {
    url: `http://127.0.0.1:${port}/simple`,
    asked,
    authorizations,
    intercept: () => false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return upstream;
}

function sendPage(
  response: ServerResponse,
  project: string,
  files: ReadonlyMap<string, UpstreamFileToServe>,
  format: "json" | "html",
): void {
  const listed = [...files].map(([filename, file]) => ({
    ...{ filename, file, url: `../../files/${project}/${encodeURIComponent(filename)}` },
    sha256: file.sha256 === undefined ? digest(file.bytes) : file.sha256,
  }));
  if (format === "html") {
    const lines = listed.map(({ filename, file, url, sha256 }) => {
      const hash = sha256 === null ? "" : `#sha256=${sha256}`;
      const yanked = file.yanked === undefined ? "" : ` data-yanked="${file.yanked}"`;
      return `<a href="${url}${hash}"${yanked}>${filename}</a>`;
    });
    response.writeHead(200, { "content-type": "text/html" }).end(`<!DOCTYPE html><html><body>${lines.join("")}</body>`);
    return;
  }
  const page = {
    meta: { "api-version": "1.1" },
    name: project,
    versions: [],
    files: listed.map(({ filename, file, url, sha256 }) => ({
      ...{ filename, url, hashes: sha256 === null ? {} : { sha256 }, size: file.bytes.byteLength },
      ...{ "requires-python": file.requiresPython ?? null, yanked: file.yanked ?? false },
      ...(file.metadata === undefined ? {} : { "core-metadata": { sha256: digest(Buffer.from(file.metadata)) } }),
    })),
  };
  response.writeHead(200, { "content-type": "application/vnd.pypi.simple.v1+json" }).end(JSON.stringify(page));
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
