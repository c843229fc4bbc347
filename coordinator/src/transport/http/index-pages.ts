import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import {
  renderHtml,
  renderJson,
  renderRootHtml,
  renderRootJson,
  type IndexPage,
} from "../../domain/staging/index-page.ts";
import { isProjectName, normalName } from "../../domain/staging/project-name.ts";
import { SIMPLE_FORMATS, simpleFormat, type SimpleFormat } from "../../domain/staging/simple-format.ts";
import { namesEtag } from "./blobs.ts";
import { installers } from "./access.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { INDEX_SECURITY, indexKey, IndexParams, noSuchIndex, upstreamProblem } from "./index-params.ts";
import { HttpProblem } from "./problem.ts";
import { responses } from "./responses.ts";

const ProjectParams = Type.Object({
  ...IndexParams.properties,
  project: Type.String({ description: "The project's name; other spellings are redirected to the normal one" }),
});

interface Rendered {
  readonly body: Buffer;
  readonly etag: string;
}

const READ = installers("viewer", true);

const PAGE = {
  200: {
    description: "The page: as JSON (PEP 691) where `Accept` asks for it, else as HTML (PEP 503)",
    content: Object.fromEntries(
      Object.values(SIMPLE_FORMATS).map((type) => [type.split(";")[0] ?? type, { schema: Type.Unknown() }]),
    ),
  },
  304: { description: "`If-None-Match` names it already" },
};

/** The simple index of a run and variant: the candidate's staged files; other projects from the upstream. */
export function indexPageRoutes(app: App, context: RouteContext): void {
  rootRoutes(app, context);
  projectRoutes(app, context);
}

function rootRoutes(app: App, { index }: RouteContext): void {
  app.get(
    "/:run/:variant/simple/",
    {
      config: READ,
      schema: {
        operationId: "getIndexRoot",
        summary: "The projects that are staged: the candidate",
        tags: ["index"],
        security: INDEX_SECURITY,
        params: IndexParams,
        response: responses(PAGE, "unauthorized", "no-such-run", "no-such-index", "not-acceptable"),
      },
    },
    async (request, reply) => {
      const key = indexKey(request.params);
      const format = wantedFormat(request);
      const found = await index.candidate(key);
      if (!found.ok) throw noSuchIndex(found, key);
      const projects = [found.project];
      const text = format === "json" ? renderRootJson(projects) : renderRootHtml(projects);
      return sendPage(request, reply, format, rendered(text));
    },
  );
  app.get("/:run/:variant/simple", { config: READ, schema: { hide: true } }, async (_request, reply) =>
    redirect(reply, "simple/"),
  );
}

function projectRoutes(app: App, context: RouteContext): void {
  const { index } = context;
  /** Pages of other projects, for as long as the service keeps them. */
  const known = new WeakMap<IndexPage, Map<SimpleFormat, Rendered>>();
  app.get(
    "/:run/:variant/simple/:project/",
    {
      config: READ,
      schema: {
        operationId: "getIndexPage",
        summary: "The files of a project",
        tags: ["index"],
        security: INDEX_SECURITY,
        params: ProjectParams,
        response: responses(
          { ...PAGE, 301: { description: "The project's name is spelled otherwise" } },
          "unauthorized",
          "no-such-run",
          "no-such-index",
          "no-such-project",
          "not-acceptable",
          "upstream-failed",
          "too-many-fetches",
        ),
      },
    },
    async (request, reply) => {
      const project = projectName(request.params.project);
      if (project !== request.params.project) return redirect(reply, `../${project}/`);
      const key = indexKey(request.params);
      const format = wantedFormat(request);
      const outcome = await index.page(key, project);
      if (outcome.ok) {
        const page = outcome.kind === "staged" ? render(outcome.page, format) : memoized(known, outcome.page, format);
        return sendPage(request, reply, format, page);
      }
      switch (outcome.reason) {
        case "no-such-run":
        case "no-such-variant":
          throw noSuchIndex(outcome, key);
        case "unknown-project":
          throw new HttpProblem("no-such-project", `the upstream index does not have ${project} either`);
        case "not-configured":
        case "failed":
        case "busy":
          throw upstreamProblem(outcome, project, context);
      }
    },
  );
  app.get(
    "/:run/:variant/simple/:project",
    { config: READ, schema: { hide: true, params: ProjectParams } },
    async (request, reply) => redirect(reply, `${projectName(request.params.project)}/`),
  );
}

function projectName(given: string): string {
  if (isProjectName(given)) return normalName(given);
  throw new HttpProblem("no-such-project", `${JSON.stringify(given.slice(0, 100))} cannot be a project's name`);
}

/** Relative, so that it holds behind a proxy that adds to the path. */
function redirect(reply: FastifyReply, location: string): FastifyReply {
  return reply.code(301).header("Location", location).send();
}

function wantedFormat(request: FastifyRequest): SimpleFormat {
  const format = simpleFormat(request.headers.accept);
  if (format !== null) return format;
  const types = Object.values(SIMPLE_FORMATS).map((type) => type.split(";")[0]);
  throw new HttpProblem("not-acceptable", `a page is sent as one of ${types.join(", ")}`);
}

function memoized(
  known: WeakMap<IndexPage, Map<SimpleFormat, Rendered>>,
  page: IndexPage,
  format: SimpleFormat,
): Rendered {
  const formats = known.get(page) ?? new Map<SimpleFormat, Rendered>();
  known.set(page, formats);
  const rendering = formats.get(format) ?? render(page, format);
  formats.set(format, rendering);
  return rendering;
}

function render(page: IndexPage, format: SimpleFormat): Rendered {
  return rendered(format === "json" ? renderJson(page) : renderHtml(page));
}

function rendered(text: string): Rendered {
  const body = Buffer.from(text);
  return { body, etag: `"${createHash("sha256").update(body).digest("base64url")}"` };
}

function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  format: SimpleFormat,
  { body, etag }: Rendered,
): FastifyReply {
  // no-cache: kept, and asked about each time; a page of the candidate can change at any moment.
  reply.headers({
    ETag: etag,
    Vary: "Accept",
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
  });
  if (namesEtag(request.headers["if-none-match"], etag)) return reply.code(304).send();
  return reply.header("Content-Type", SIMPLE_FORMATS[format]).send(body);
}
