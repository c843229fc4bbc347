import type { FastifyReply, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { isProjectName, normalName } from "../../domain/staging/project-name.ts";
import { parseSourceName } from "../../domain/staging/upstream-source.ts";
import type { UpstreamFile } from "../../ports/upstream.ts";
import { NO_DIGEST } from "../../services/run-staging-index.ts";
import { sendBlob } from "./blobs.ts";
import { gone } from "./gone.ts";
import { installers } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { INDEX_SECURITY, indexKey, IndexParams, upstreamProblem } from "./index-params.ts";
import { HttpProblem } from "./problem.ts";
import { responses } from "./responses.ts";

const METADATA_SUFFIX = ".metadata";

const filename = Type.String({ description: "The file's name; with .metadata at its end: its METADATA (PEP 658)" });

const StagedParams = Type.Object({
  ...IndexParams.properties,
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "Of the file, also where its METADATA is asked for" }),
  filename,
});

const UpstreamParams = Type.Object({
  source: Type.String({ description: "user: the user's own index; torch-cu118: PyTorch's for a variant" }),
  project: Type.String(),
  sha256: Type.String({
    pattern: `^([0-9a-f]{64}|${NO_DIGEST})$`,
    description: `Of the file as the project's page has it; ${NO_DIGEST} where it has none`,
  }),
  filename,
});

const FILE = {
  200: { description: "All of it", content: { "application/octet-stream": { schema: Type.Unsafe<Buffer>({}) } } },
  206: {
    description: "The part that `Range` asked for",
    content: { "application/octet-stream": { schema: Type.Unsafe<Buffer>({}) } },
  },
  304: { description: "`If-None-Match` names it already" },
};

/** The files that the pages link to, under addresses whose last part is the file's name. */
export function indexFileRoutes(app: App, context: RouteContext): void {
  stagedFileRoutes(app, context);
  upstreamFileRoutes(app, context);
}

function stagedFileRoutes(app: App, { index, retention }: RouteContext): void {
  const schema = {
    tags: ["index"],
    security: INDEX_SECURITY,
    params: StagedParams,
    response: responses(FILE, "unauthorized", "no-such-run", "no-such-file", "gone", "range-not-satisfiable"),
  };
  const answer = async (request: FastifyRequest<{ Params: Static<typeof StagedParams> }>, reply: FastifyReply) => {
    const { sha256 } = request.params;
    const file = { ...splitName(request.params.filename), sha256 };
    const blob = await index.stagedFile(indexKey(request.params), file);
    const removed = blob ? null : await retention.removedBlob(sha256);
    if (removed) throw gone(request.params.filename.slice(0, 300), { atMs: removed.removedAtMs, rule: removed.rule });
    if (!blob) throw noSuchFile(request.params.filename);
    const { sizeBytes, read } = blob;
    return sendBlob(request, reply, { sizeBytes, read, etag: `"${blob.sha256}"` });
  };
  const url = "/:run/:variant/files/:sha256/:filename";
  app.get(
    url,
    {
      config: installers("viewer", true),
      schema: { ...schema, operationId: "getStagedFile", summary: "Download a staged file" },
    },
    answer,
  );
  app.head(
    url,
    {
      config: installers("viewer", true),
      schema: { ...schema, operationId: "headStagedFile", summary: "Ask for its size" },
    },
    answer,
  );
}

function upstreamFileRoutes(app: App, context: RouteContext): void {
  const schema = {
    tags: ["index"],
    security: INDEX_SECURITY,
    params: UpstreamParams,
    response: responses(
      FILE,
      "unauthorized",
      "no-such-project",
      "no-such-file",
      "range-not-satisfiable",
      "upstream-failed",
      "too-many-fetches",
    ),
  };
  const answer = async (request: FastifyRequest<{ Params: Static<typeof UpstreamParams> }>, reply: FastifyReply) => {
    const { project } = request.params;
    const source = parseSourceName(request.params.source);
    if (!source || !isProjectName(project) || normalName(project) !== project) {
      throw noSuchFile(request.params.filename);
    }
    const sha256 = request.params.sha256 === NO_DIGEST ? null : request.params.sha256;
    const file = await context.index.upstreamFile(source, { ...splitName(request.params.filename), project, sha256 });
    if (file.ok) return sendUpstream(request, reply, file);
    if (file.reason === "unknown-file") throw noSuchFile(request.params.filename);
    throw upstreamProblem(file, project, context);
  };
  const url = "/upstream/:source/:project/:sha256/:filename";
  const get = { ...schema, operationId: "getUpstreamFile", summary: "Download another project's file, by way of here" };
  app.get(url, { config: installers("viewer", true), schema: get }, answer);
  app.head(
    url,
    {
      config: installers("viewer", true),
      schema: { ...schema, operationId: "headUpstreamFile", summary: "Ask for its size" },
    },
    answer,
  );
}

function sendUpstream(
  request: FastifyRequest,
  reply: FastifyReply,
  file: UpstreamFile & { readonly ok: true },
): FastifyReply {
  if (file.kind === "kept") {
    const { sizeBytes, read } = file;
    return sendBlob(request, reply, { sizeBytes, read, etag: `"${file.sha256}"` });
  }
  reply.headers({ "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff" });
  reply.type("application/octet-stream");
  if (file.sizeBytes !== null) reply.header("Content-Length", file.sizeBytes);
  if (request.method !== "HEAD") return reply.send(file.body);
  file.body.destroy();
  return reply.send();
}

function splitName(name: string): { readonly filename: string; readonly metadata: boolean } {
  const metadata = name.endsWith(METADATA_SUFFIX);
  return { filename: metadata ? name.slice(0, -METADATA_SUFFIX.length) : name, metadata };
}

function noSuchFile(name: string): HttpProblem {
  return new HttpProblem("no-such-file", `this index has no ${name.slice(0, 300)} with this digest`);
}
