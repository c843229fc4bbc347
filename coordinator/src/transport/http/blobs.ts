import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { PutBlobOutcome } from "../../ports/blob-store.ts";
import { parseByteRange } from "./byte-range.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";

const BlobParams = Type.Object({
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of the bytes, in lower-case hexadecimal" }),
});

const StoredBlob = Type.Object({
  sha256: Type.String(),
  sizeBytes: Type.Integer({ minimum: 0 }),
});

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
  uploadRoute(app, context);
  downloadRoutes(app, context);
}

function uploadRoute(app: App, context: RouteContext): void {
  let uploads = 0;
  app.put(
    "/blobs/:sha256",
    {
      config: { takesRawBody: true },
      schema: {
        operationId: "putBlob",
        summary: "Upload bytes under their digest",
        description:
          "A digest that is already there is answered at once, without reading the body. What is answered with 200 or " +
          "201 survives a crash of the coordinator and of its machine.",
        tags: ["blobs"],
        params: BlobParams,
        response: responses(
          { 201: json("Stored", StoredBlob), 200: json("It was already there", StoredBlob) },
          "unauthorized",
          "digest-mismatch",
          "length-required",
          "too-large",
          "too-many-uploads",
          "storage-full",
        ),
      },
    },
    async (request, reply) => {
      const { sha256 } = request.params;
      refuseBadLength(request, context);
      const present = await context.blobs.size(sha256);
      if (present !== null) return { sha256, sizeBytes: present };
      if (uploads >= context.limits.uploadsMax) throw tooManyUploads(context);
      uploads++;
      // Once everything is here, a slow disk is no reason to hang up on a silent sender.
      request.raw.once("end", () => request.raw.socket.setTimeout(0));
      try {
        const outcome = await context.blobs.put(sha256, request.raw);
        if (!outcome.ok) throw refusedBytes(outcome, sha256);
        reply.code(outcome.stored ? 201 : 200);
        return { sha256, sizeBytes: outcome.sizeBytes };
      } finally {
        uploads--;
      }
    },
  );
}

function downloadRoutes(app: App, { blobs }: RouteContext): void {
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
      "range-not-satisfiable",
    ),
  };
  const answer = async (request: FastifyRequest<{ Params: { sha256: string } }>, reply: FastifyReply) => {
    const { sha256 } = request.params;
    const sizeBytes = await blobs.size(sha256);
    if (sizeBytes === null) throw new HttpProblem("no-such-blob", `no blob ${sha256} was uploaded here`);
    return sendBlob(request, reply, { sizeBytes, read: (range) => blobs.read(sha256, range), etag: `"${sha256}"` });
  };
  const get = { ...schema, operationId: "getBlob", summary: "Download a blob, or a part of it" };
  const head = { ...schema, operationId: "headBlob", summary: "Ask whether a blob is there, and how large it is" };
  app.get("/blobs/:sha256", { schema: get }, answer);
  app.head("/blobs/:sha256", { schema: head }, answer);
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

function refuseBadLength(request: FastifyRequest, { limits, metrics }: RouteContext): void {
  const header = request.headers["content-length"];
  if (header === undefined) {
    throw new HttpProblem("length-required", "send Content-Length: the size of the blob in bytes");
  }
  if (Number(header) <= limits.blobBytesMax) return;
  metrics.limitReached("http-blob-bytes");
  throw tooLarge(limits.blobBytesMax);
}

function tooManyUploads({ limits, metrics }: RouteContext): HttpProblem {
  metrics.limitReached("http-uploads");
  return new HttpProblem(
    "too-many-uploads",
    `${limits.uploadsMax} uploads are under way (limit http-uploads); try again in a moment`,
    { headers: { "Retry-After": "1" } },
  );
}

function refusedBytes(outcome: PutBlobOutcome & { readonly ok: false }, sha256: string): HttpProblem {
  switch (outcome.reason) {
    case "digest-mismatch":
      return new HttpProblem(
        "digest-mismatch",
        `the bytes that came have the digest ${outcome.actualSha256}, not ${sha256}; nothing was kept`,
      );
    case "too-large":
      return tooLarge(outcome.limitBytes);
  }
}

function tooLarge(limitBytes: number): HttpProblem {
  return new HttpProblem("too-large", `a blob may have ${limitBytes} bytes (limit http-blob-bytes)`);
}
