import { createReadStream } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The upstream did not give what it was asked for; the message is a sentence part about it, without credentials. */
export class UpstreamError extends Error {}

export interface FetchedPage {
  readonly text: string;
  readonly contentType: string;
  /** After redirects: what links on the page are relative to. */
  readonly url: string;
}

export interface FetchedFile {
  /** null when the upstream does not say. */
  readonly sizeBytes: number | null;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** How long an upstream may stay silent, before its answer and between the pieces of it. */
export interface Patience {
  readonly answerMs: number;
  readonly idleMs: number;
}

/** Of a request that got no answer: a connection that was kept open may have been closed by the other side meanwhile. */
const TRIES = 2;
const ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/** A project's page below `index`, or null when the index has no such project. Throws UpstreamError. */
export async function fetchPage(
  index: string,
  project: string,
  limits: Patience & { readonly pageBytesMax: number; readonly deniedMeansUnknown: boolean },
): Promise<FetchedPage | null> {
  const url = `${index.replace(/\/+$/, "")}/${project}/`;
  if (url.startsWith("file:")) return readFolder(url);
  using silence = watchSilence(limits);
  const response = await get(url, index, { accept: ACCEPT }, silence);
  const isUnknown =
    response.status === 404 || response.status === 410 || (limits.deniedMeansUnknown && response.status === 403);
  if (!response.ok) {
    await response.body?.cancel();
    if (isUnknown) return null;
    throw refused(response.status);
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of pieces(response, silence)) {
    sizeBytes += chunk.length;
    if (sizeBytes > limits.pageBytesMax) {
      throw new UpstreamError(`its page of ${project} has more than ${limits.pageBytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return { text, contentType: response.headers.get("content-type") ?? "", url: response.url || url };
}

/** Opens a file; its bytes come as fast as they are taken. Throws UpstreamError, later also while they are read. */
export async function fetchFile(
  url: string,
  index: string,
  limits: Patience & { readonly signal: AbortSignal },
): Promise<FetchedFile> {
  if (url.startsWith("file:")) return { sizeBytes: null, bytes: createReadStream(fileURLToPath(url)) };
  const silence = watchSilence(limits);
  try {
    // Without compression: the digest is of the file, and its length is wanted.
    const response = await get(url, index, { "accept-encoding": "identity" }, silence);
    if (!response.ok) {
      await response.body?.cancel();
      throw refused(response.status);
    }
    const length = response.headers.get("content-length");
    const encoded = response.headers.has("content-encoding");
    return { sizeBytes: length === null || encoded ? null : Number(length), bytes: pieces(response, silence) };
  } catch (cause) {
    silence[Symbol.dispose]();
    throw cause;
  }
}

interface Silence extends Disposable {
  readonly signal: AbortSignal;
  /** Something came. */
  heard(): void;
}

function watchSilence({ answerMs, idleMs, signal }: Patience & { readonly signal?: AbortSignal }): Silence {
  const controller = new AbortController();
  const give = (waitedMs: number) => () => controller.abort(new UpstreamError(`it was silent for ${waitedMs} ms`));
  let timer = setTimeout(give(answerMs), answerMs);
  const stop = (): void => controller.abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  return {
    signal: controller.signal,
    heard() {
      clearTimeout(timer);
      timer = setTimeout(give(idleMs), idleMs);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    },
  };
}

async function get(url: string, index: string, headers: Record<string, string>, silence: Silence): Promise<Response> {
  const target = new URL(url);
  const credentials = credentialsFor(target, new URL(index));
  target.username = "";
  target.password = "";
  for (let tries = TRIES; ; tries -= 1) {
    try {
      // fetch follows redirects and drops the authorization when one leads to another origin.
      const response = await fetch(target, {
        headers: { "user-agent": "kiln-coordinator", ...headers, ...credentials },
        signal: silence.signal,
      });
      silence.heard();
      return response;
    } catch (cause) {
      if (tries === 1 || silence.signal.aborted) throw troubleOf(cause, silence);
    }
  }
}

async function* pieces(response: Response, silence: Silence): AsyncGenerator<Uint8Array> {
  using _ends = silence;
  if (response.body === null) return;
  try {
    for await (const chunk of response.body) {
      silence.heard();
      yield chunk;
    }
  } catch (cause) {
    throw troubleOf(cause, silence);
  }
}

/** A password in the index's address, or in the file's own, goes to that origin only. */
function credentialsFor(target: URL, index: URL): Record<string, string> {
  const from = target.username !== "" ? target : index.origin === target.origin ? index : null;
  if (from === null || from.username === "") return {};
  const pair = `${decodeURIComponent(from.username)}:${decodeURIComponent(from.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

function refused(status: number): UpstreamError {
  const advice = status === 401 || status === 403 ? ": put a user and a password into its address" : "";
  return new UpstreamError(`it answers ${status}${advice}`);
}

function troubleOf(cause: unknown, { signal }: Silence): UpstreamError {
  if (cause instanceof UpstreamError) return cause;
  if (signal.aborted && signal.reason instanceof UpstreamError) return signal.reason;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const message = inner instanceof Error ? inner.message || ((inner as { code?: string }).code ?? "") : String(inner);
  return new UpstreamError(`it cannot be reached: ${message}`, { cause });
}

/** A simple index on disk: `index.html` of the project's folder, or the folder's own list of files. */
async function readFolder(url: string): Promise<FetchedPage | null> {
  const dir = fileURLToPath(url);
  const base = `${pathToFileURL(dir).href.replace(/\/$/, "")}/`;
  const html = await readFile(join(dir, "index.html"), "utf8").catch(() => null);
  if (html !== null) return { text: html, contentType: "text/html", url: base };
  const names = await readdir(dir).catch(() => null);
  if (names === null) return null;
  const files = names.map((filename) => ({ filename, url: encodeURIComponent(filename) }));
  return { text: JSON.stringify({ files }), contentType: "application/json", url: base };
}
