import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import { errorCode, errorMessage } from "../program/cli-error.ts";

/** The connection failed: nothing, or not all, of an answer came. Worth another try. */
export class ConnectionError extends Error {
  /** The system's code, for example `ECONNREFUSED`. */
  readonly code: string;

  constructor(error: unknown) {
    super(errorMessage(error), { cause: error });
    this.name = "ConnectionError";
    this.code = errorCode(error);
  }
}

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | { readonly stream: () => Readable; readonly sizeBytes: number };
  /** Longest time without a byte from the other side. */
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal;
  /** Of https: the one authority to trust, in PEM, or anything; absent: whom the system trusts. */
  readonly trust?: { readonly authorityPem: string } | "anything";
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly stream: IncomingMessage;
}

/**
 * One HTTP exchange. Resolves at the answer's headers; throws ConnectionError
 * when there is no answer. node:http and not fetch: an event stream may be
 * silent for longer than fetch allows, and loading fetch costs each command more.
 */
export async function httpExchange(options: HttpRequest): Promise<HttpResponse> {
  const { body } = options;
  const headers: Record<string, string | number> = { "user-agent": "kiln-cli", ...options.headers };
  if (typeof body === "string") headers["content-length"] = Buffer.byteLength(body);
  else if (body !== undefined) headers["content-length"] = body.sizeBytes;

  const send = options.url.startsWith("https:") ? httpsRequest : httpRequest;
  const request = send(options.url, {
    method: options.method,
    headers,
    agent: false,
    ...tlsOptions(options.trust),
    timeout: options.idleTimeoutMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  request.on("timeout", () => request.destroy(new Error(`no answer for ${options.idleTimeoutMs / 1000} s`)));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    request.on("error", reject);
  });
  try {
    if (body === undefined || typeof body === "string") {
      request.end(body);
    } else {
      // A refusal may come before the whole body is sent: the answer counts, not the broken pipe.
      pipeline(body.stream(), request).catch(() => {});
    }
    const stream = await answered;
    return { status: stream.statusCode ?? 0, headers: stream.headers, stream };
  } catch (error) {
    if (options.signal?.aborted === true) throw options.signal.reason;
    throw new ConnectionError(error);
  }
}

function tlsOptions(trust: HttpRequest["trust"]): { readonly ca?: string; readonly rejectUnauthorized?: boolean } {
  if (trust === undefined) return {};
  return trust === "anything" ? { rejectUnauthorized: false } : { ca: trust.authorityPem };
}

/** Reads an answer's body as text, at most `bytesMax`. */
export async function readText(response: HttpResponse, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > bytesMax) throw new Error(`the answer is larger than ${bytesMax} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw new ConnectionError(error);
  }
  return Buffer.concat(chunks).toString("utf8");
}
