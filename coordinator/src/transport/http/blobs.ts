import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { BlobParams, uploadRoutes } from "./blob-uploads.ts";
import { parseByteRange } from "./byte-range.ts";
import { gone } from "./gone.ts";
import { peopleAndAgents } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { responses } from "./responses.ts";

const OctetStream = { "application/octet-stream": { schema: Type.Unsafe<Buffer>({}) } };
const Headers = {
  ETag: Type.String({ description: "The digest, quoted" }),
  "Content-Length": Type.Integer({ minimum: 0 }),
  "Accept-Ranges": Type.String(),
};

/** Content-addressed bytes: in, streamed and checked; out, whole or in part. */
export function blobRoutes(app: App, context: RouteContext): void {
  // The handler reads the raw stream itself: nothing is buffered or copied on the way.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  uploadRoutes(app, context);
  downloadRoutes(app, context);
}

function downloadRoutes(app: App, { blobs, retention }: RouteContext): void {
  const schema = {
    tags: ["blobs"],
    params: BlobParams,
    response: responses(
      {
        200: { description: "All of it", headers: Headers, content: OctetStream },
        206: { description: "The part that `Range` asked for", headers: Headers, content: OctetStream },
        304: { description: "`If-None-Match` names it already" },
      },
      "unauthorized",
      "no-such-blob",
      "gone",
      "range-not-satisfiable",
    ),
  };
  const answer = async (request: FastifyRequest<{ Params: { sha256: string } }>, reply: FastifyReply) => {
    const { sha256 } = request.params;
    const sizeBytes = await blobs.size(sha256);
    if (sizeBytes === null) {
      const removed = await retention.removedBlob(sha256);
      if (removed) throw gone(`the blob ${sha256}`, { atMs: removed.removedAtMs, rule: removed.rule });
      throw new HttpProblem("no-such-blob", `no blob ${sha256} was uploaded here`);
    }
    return sendBlob(request, reply, { sizeBytes, read: (range) => blobs.read(sha256, range), etag: `"${sha256}"` });
  };
  const get = { ...schema, operationId: "getBlob", summary: "Download a blob, or a part of it" };
  const head = { ...schema, operationId: "headBlob", summary: "Ask whether a blob is there, and how large it is" };
  app.get("/blobs/:sha256", { config: peopleAndAgents("viewer"), schema: get }, answer);
  app.head("/blobs/:sha256", { config: peopleAndAgents("viewer"), schema: head }, answer);
}

export interface BlobToSend {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly read: (range?: { readonly start: number; readonly end: number }) => NodeJS.ReadableStream;
}

/** Answers a GET or HEAD with immutable bytes, or the part that `Range` asks for. */
export function sendBlob(
  request: FastifyRequest,
  reply: FastifyReply,
  { sizeBytes, etag, read }: BlobToSend,
): FastifyReply {
  reply.headers({
    ETag: etag,
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
  });
  if (namesEtag(request.headers["if-none-match"], etag)) return reply.code(304).send();

  const range = parseByteRange(isRangeWanted(request, etag) ? request.headers.range : undefined, sizeBytes);
  if (range.kind === "unsatisfiable") {
    throw new HttpProblem("range-not-satisfiable", `the blob has ${sizeBytes} bytes`, {
      headers: { "Content-Range": `bytes */${sizeBytes}` },
    });
  }
  reply.type("application/octet-stream");
  if (range.kind === "part") {
    reply.code(206).header("Content-Range", `bytes ${range.start}-${range.end}/${sizeBytes}`);
  }
  reply.header("Content-Length", range.kind === "part" ? range.end - range.start + 1 : sizeBytes);
  if (request.method === "HEAD") return reply.send();
  return reply.send(range.kind === "part" ? read(range) : read());
}

/** `Range` is defined for GET only, and `If-Range` can make it void (RFC 9110, section 13.1.5). */
function isRangeWanted(request: FastifyRequest, etag: string): boolean {
  const condition = request.headers["if-range"];
  return request.method === "GET" && (condition === undefined || condition === etag);
}

/** Whether `If-None-Match` names it. */
export function namesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((part) => ["*", etag, `W/${etag}`].includes(part.trim()));
}
