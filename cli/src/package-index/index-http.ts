import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { setGlobalProxyFromEnv } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CliError, errorCode, errorMessage } from "../program/cli-error.ts";
import { bytes } from "../render/bytes.ts";
import { withoutPassword } from "./index-locations.ts";

export interface Page {
  readonly text: string;
  readonly contentType: string;
  /** After redirects: what links on the page are relative to. */
  readonly url: string;
}

const ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
const PAGE_BYTES_MAX = 128 * 1024 * 1024;
const PAGE_TIMEOUT_MS = 60_000;
const FILE_TIMEOUT_MS = 15 * 60_000;

/** A project's page, or null when the index has no such project. */
export async function readPage(url: string, signal: AbortSignal): Promise<Page | null> {
  if (url.startsWith("file:")) return readFilePage(url);
  const response = await get(url, { accept: ACCEPT }, AbortSignal.any([signal, AbortSignal.timeout(PAGE_TIMEOUT_MS)]));
  if (response.status === 404 || response.status === 410) return null;
  if (!response.ok) throw refused(url, response.status);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(response)) {
    size += chunk.length;
    if (size > PAGE_BYTES_MAX)
      throw new CliError(`${withoutPassword(url)} is refused: it is more than ${bytes(PAGE_BYTES_MAX)}.`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return { text, contentType: response.headers.get("content-type") ?? "", url: response.url || url };
}

/** Fetches a file to `target` and gives its SHA-256. `credentialsOf`: the index, whose password goes to its own host only. */
export async function download(
  url: string,
  credentialsOf: string,
  target: string,
  limits: { readonly sizeBytesMax: number; readonly signal: AbortSignal },
): Promise<string> {
  const hash = createHash("sha256");
  let size = 0;
  const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > limits.sizeBytesMax) {
        throw new CliError(`${withoutPassword(url)} is refused: it is more than ${bytes(limits.sizeBytesMax)}.`);
      }
      hash.update(chunk);
      yield chunk;
    }
  };
  const open = async (): Promise<AsyncIterable<Uint8Array>> => {
    if (url.startsWith("file:")) return createReadStream(fileURLToPath(url));
    const signal = AbortSignal.any([limits.signal, AbortSignal.timeout(FILE_TIMEOUT_MS)]);
    const response = await get(withCredentials(url, credentialsOf), {}, signal);
    if (!response.ok) throw refused(url, response.status);
    return bodyOf(response);
  };
  try {
    await pipeline(await open(), counted, createWriteStream(target, { mode: 0o600 }));
  } catch (error) {
    if (error instanceof CliError || limits.signal.aborted) throw error;
    throw new CliError(`${withoutPassword(url)} cannot be fetched: ${errorMessage(error)}.`, { cause: error });
  }
  return hash.digest("hex");
}

/** Makes the certificates and proxies that pip would use hold for this process's fetches. Returns the undoing. */
export async function useNetworkSettings(env: NodeJS.ProcessEnv, certFile: string | null): Promise<() => void> {
  const undo = setGlobalProxyFromEnv(env);
  if (certFile === null) return undo;
  let text: string;
  try {
    text = await readFile(certFile, "utf8");
  } catch (error) {
    throw new CliError(
      `The certificates in ${certFile}, which pip is set to use, cannot be read: ${errorMessage(error)}.`,
    );
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length > 0) setDefaultCACertificates([...getCACertificates("default"), ...certificates]);
  return undo;
}

async function get(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const target = new URL(url);
  const { username, password } = target;
  target.username = "";
  target.password = "";
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  try {
    // fetch follows redirects and drops this header when one leads to another host.
    const authorization: Record<string, string> = username === "" ? {} : { authorization: `Basic ${basic}` };
    return await fetch(target, { headers: { "user-agent": "kiln-cli", ...authorization, ...headers }, signal });
  } catch (error) {
    if (signal.aborted && !(signal.reason instanceof DOMException && signal.reason.name === "TimeoutError"))
      throw error;
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new CliError(`${withoutPassword(url)} does not answer: ${errorMessage(cause) || errorCode(cause)}.`, {
      cause: error,
    });
  }
}

function withCredentials(url: string, index: string): string {
  const target = new URL(url);
  const from = new URL(index);
  if (target.host === from.host && target.username === "") {
    target.username = from.username;
    target.password = from.password;
  }
  return target.href;
}

function refused(url: string, status: number): CliError {
  const advice =
    status === 401 || status === 403 ? "The index wants a user and a password: put them into its address." : "";
  return new CliError(`${withoutPassword(url)} answers ${status}.`, { advice });
}

function bodyOf(response: Response): AsyncIterable<Uint8Array> {
  return response.body === null ? Readable.from([]) : response.body;
}

/** A simple index on disk: `index.html` of the project's folder, or the folder's own list of files. */
async function readFilePage(url: string): Promise<Page | null> {
  const dir = fileURLToPath(url);
  const base = `${pathToFileURL(dir).href.replace(/\/$/, "")}/`;
  const html = await readFile(join(dir, "index.html"), "utf8").catch(() => null);
  if (html !== null) return { text: html, contentType: "text/html", url: base };
  const names = await readdir(dir).catch(() => null);
  if (names === null) return null;
  const files = names.map((filename) => ({ filename, url: encodeURIComponent(filename) }));
  return { text: JSON.stringify({ files }), contentType: "application/json", url: base };
}
