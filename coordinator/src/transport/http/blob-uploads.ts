import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { UploadBlobOutcome } from "../../ports/blob-uploads.ts";
import { parseContentRange } from "./content-range.ts";
import { peopleAndAgents } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";

export const BlobParams = Type.Object({
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of the bytes, in lower-case hexadecimal" }),
});

const StoredBlob = Type.Object({
  sha256: Type.String(),
  sizeBytes: Type.Integer({ minimum: 0 }),
});

const UploadState = Type.Object({
  sha256: Type.String(),
  receivedBytes: Type.Integer({ minimum: 0, description: "Bytes from which an upload can go on" }),
});

const UploadHeaders = Type.Object({
  "content-range": Type.Optional(
    Type.String({ description: "`bytes FROM-TO/TOTAL` of the bytes in the body, which are the rest of the blob" }),
  ),
});

/** Bytes in, streamed and checked, also in several tries. */
export function uploadRoutes(app: App, context: RouteContext): void {
  stateRoute(app, context);
  putRoute(app, context);
}

function stateRoute(app: App, { blobs }: RouteContext): void {
  app.get(
    "/blobs/:sha256/upload",
    {
      config: peopleAndAgents("submitter"),
      schema: {
        operationId: "getBlobUpload",
        summary: "Ask from where an upload can go on",
        description: "0 when nothing is kept of it, and the size of the blob when all of it is stored.",
        tags: ["blobs"],
        params: BlobParams,
        response: responses({ 200: json("How much is there", UploadState) }, "unauthorized"),
      },
    },
    async ({ params: { sha256 } }) => ({ sha256, receivedBytes: await blobs.receivedBytes(sha256) }),
  );
}

function putRoute(app: App, context: RouteContext): void {
  let uploads = 0;
  app.put(
    "/blobs/:sha256",
    {
      config: { ...peopleAndAgents("submitter"), takesRawBody: true },
      schema: {
        operationId: "putBlob",
        summary: "Upload bytes under their digest",
        description:
          "A digest that is already there is answered at once, without reading the body. What is answered with 200 or " +
          "201 survives a crash of the coordinator and of its machine. What came of an upload that broke off is kept for " +
          "a while: ask `…/upload` how much, and send the rest with `Content-Range: bytes FROM-TO/TOTAL` (RFC 9110, " +
          "section 14.5), where FROM is at most that and TO is the last byte of the blob. When the whole has another " +
          "digest, nothing of it is kept.",
        tags: ["blobs"],
        params: BlobParams,
        headers: UploadHeaders,
        response: responses(
          { 201: json("Stored", StoredBlob), 200: json("It was already there", StoredBlob) },
          "unauthorized",
          "digest-mismatch",
          "upload-conflict",
          "length-required",
          "too-large",
          "too-many-uploads",
          "storage-full",
        ),
      },
    },
    async (request, reply) => {
      const { sha256 } = request.params;
      const fromBytes = startOfBody(request, context);
      const present = await context.blobs.size(sha256);
      if (present !== null) return { sha256, sizeBytes: present };
      refuseWhenFull(request, context);
      if (uploads >= context.limits.uploadsMax) throw tooManyUploads(context);
      uploads++;
      // Once everything is here, a slow disk is no reason to hang up on a silent sender.
      request.raw.once("end", () => request.raw.socket.setTimeout(0));
      try {
        const outcome = await context.blobs.upload(sha256, request.raw, fromBytes);
        if (!outcome.ok) throw refusedBytes(outcome, sha256);
        reply.code(outcome.stored ? 201 : 200);
        return { sha256, sizeBytes: outcome.sizeBytes };
      } finally {
        uploads--;
      }
    },
  );
}

/** Which byte of the blob the body begins with. */
function startOfBody(request: FastifyRequest, { limits, metrics }: RouteContext): number {
  const length = request.headers["content-length"];
  if (length === undefined) {
    throw new HttpProblem("length-required", "send Content-Length: the size of what you send in bytes");
  }
  const header = request.headers["content-range"];
  const range = header === undefined ? null : parseContentRange(header);
  if (header !== undefined && !range) {
    throw new HttpProblem("invalid-request", "Content-Range must be bytes FROM-TO/TOTAL, with 0 <= FROM <= TO < TOTAL");
  }
  const sizeBytes = range?.totalBytes ?? Number(length);
  if (sizeBytes > limits.blobBytesMax) {
    metrics.limitReached("http-blob-bytes");
    throw tooLarge(limits.blobBytesMax);
  }
  if (!range) return 0;
  if (range.end !== sizeBytes - 1 || Number(length) !== sizeBytes - range.start) {
    throw new HttpProblem(
      "invalid-request",
      `Content-Range begins at byte ${range.start} of ${sizeBytes}: send all of the rest, ${sizeBytes - range.start} bytes`,
    );
  }
  return range.start;
}

/** Before the disk is full and nothing works any more. */
function refuseWhenFull(request: FastifyRequest, { limits, metrics, retention }: RouteContext): void {
  const { bytes } = retention.usage();
  const comingBytes = Number(request.headers["content-length"]);
  if (limits.storedBytesMax === 0 || bytes + comingBytes <= limits.storedBytesMax) return;
  metrics.limitReached("stored-bytes");
  throw new HttpProblem(
    "storage-full",
    `${bytes} bytes of blobs are stored and may be ${limits.storedBytesMax} (limit stored-bytes, KILN_STORED_BYTES_MAX): ` +
      "unpin runs, keep them for fewer days, or raise the limit",
  );
}

function tooManyUploads({ limits, metrics }: RouteContext): HttpProblem {
  metrics.limitReached("http-uploads");
  return new HttpProblem(
    "too-many-uploads",
    `${limits.uploadsMax} uploads are under way (limit http-uploads); try again in a moment`,
    { headers: { "Retry-After": "1" } },
  );
}

function refusedBytes(outcome: UploadBlobOutcome & { readonly ok: false }, sha256: string): HttpProblem {
  switch (outcome.reason) {
    case "digest-mismatch":
      return new HttpProblem(
        "digest-mismatch",
        `the bytes that came have the digest ${outcome.actualSha256}, not ${sha256}; nothing was kept`,
      );
    case "too-large":
      return tooLarge(outcome.limitBytes);
    case "beyond-received":
      return new HttpProblem("upload-conflict", `only ${outcome.receivedBytes} bytes are here: go on from there`);
    case "under-way":
      return new HttpProblem("upload-conflict", "another upload is going on from there; ask again in a moment", {
        headers: { "Retry-After": "1" },
      });
  }
}

function tooLarge(limitBytes: number): HttpProblem {
  return new HttpProblem("too-large", `a blob may have ${limitBytes} bytes (limit http-blob-bytes)`);
}
