import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { IndexKey, NoSuchIndex, StageRefusal, UploadForm } from "../../services/index-api.ts";
import type { Actor } from "../../domain/audit.ts";
import { installers } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { INDEX_SECURITY, indexKey, IndexParams, noSuchIndex } from "./index-params.ts";
import { HttpProblem } from "./problem.ts";
import { responses } from "./responses.ts";
import { FormError, receiveForm, type FormFile } from "./upload-form.ts";

const SHA256 = /^[0-9a-f]{64}$/;

const Form = Type.Object({
  ":action": Type.Literal("file_upload"),
  sha256_digest: Type.String({ description: "Of the file; it stands before it" }),
  name: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  requires_python: Type.Optional(Type.String()),
  content: Type.Unsafe<Buffer>({ type: "string", format: "binary" }),
});

/** The legacy upload API of package indexes, as twine and uv speak it. */
export function indexUploadRoute(app: App, context: RouteContext): void {
  let uploads = 0;
  app.post(
    "/:run/:variant/legacy/",
    {
      config: { ...installers("submitter", false), takesForm: Form },
      schema: {
        operationId: "uploadStagedFile",
        summary: "Stage a wheel or an sdist of the candidate",
        tags: ["index"],
        security: INDEX_SECURITY,
        params: IndexParams,
        response: responses(
          { 200: { description: "It is staged" } },
          "unauthorized",
          "no-such-run",
          "no-such-index",
          "upload-refused",
          "file-exists",
          "digest-mismatch",
          "too-large",
          "too-many-uploads",
          "storage-full",
        ),
      },
    },
    async (request, reply) => {
      const key = indexKey(request.params);
      refuseBrowsers(request);
      refuseBadLength(request, context);
      if (uploads >= context.limits.uploadsMax) throw tooManyUploads(context);
      uploads++;
      request.raw.once("end", () => request.raw.socket.setTimeout(0));
      try {
        await receiveForm(request.raw, (file) => stageFile(key, file, context, actorOf(request)));
        return await reply.code(200).type("text/plain; charset=utf-8").send("staged\n");
      } catch (cause) {
        throw cause instanceof FormError ? new HttpProblem("upload-refused", cause.message) : cause;
      } finally {
        uploads--;
      }
    },
  );
}

async function stageFile(key: IndexKey, file: FormFile, context: RouteContext, by: Actor): Promise<void> {
  const form = readForm(file);
  const checked = await context.index.checkUpload(key, form);
  if (!checked.ok) throw refusal(checked, key, form);
  const object = `r${key.run}/${key.variant}/${form.filename}`;
  const entry = context.audit.entry(by, { what: "index.upload", object, detail: `SHA-256 ${form.sha256}` });
  const outcome = await context.index.upload(key, form, file.bytes, entry);
  if (!outcome.ok) throw refusal(outcome, key, form);
}

function readForm({ fields, filename }: FormFile): UploadForm {
  const field = (name: string): string => fields.get(name) ?? "";
  if (field(":action") !== "file_upload") {
    throw new FormError("send the field :action=file_upload before the file; nothing else can be done here");
  }
  const sha256 = field("sha256_digest").toLowerCase();
  if (!SHA256.test(sha256)) {
    throw new FormError("send the field sha256_digest before the file: 64 hexadecimal digits");
  }
  return {
    ...{ filename, sha256 },
    ...{ name: field("name"), version: field("version"), requiresPython: field("requires_python") },
  };
}

function refusal(outcome: StageRefusal | NoSuchIndex, key: IndexKey, form: UploadForm): HttpProblem {
  switch (outcome.reason) {
    case "no-such-run":
    case "no-such-variant":
      return noSuchIndex(outcome, key);
    case "refused":
      return new HttpProblem("upload-refused", outcome.detail);
    case "other-bytes":
      // The words by which uploaders know this answer.
      return new HttpProblem(
        "file-exists",
        `File already exists: ${form.filename} with SHA-256 ${outcome.sha256}, not ${form.sha256}; ` +
          "other bytes need another version or build number",
      );
    case "digest-mismatch":
      return new HttpProblem(
        "digest-mismatch",
        `the bytes of ${form.filename} have the digest ${outcome.actualSha256}, not ${form.sha256}; nothing was kept`,
      );
    case "too-large":
      return tooLarge(outcome.limitBytes);
  }
}

/** A browser that remembers the password would send it along with any web page's form. */
function refuseBrowsers({ headers }: FastifyRequest): void {
  if (headers.origin === undefined && headers["sec-fetch-site"] === undefined) return;
  throw new HttpProblem("upload-refused", "uploads are taken from tools, not from web pages");
}

function refuseBadLength({ headers }: FastifyRequest, { limits, metrics }: RouteContext): void {
  // The fields beside the file may have as much again as a JSON body.
  if (Number(headers["content-length"] ?? 0) <= limits.blobBytesMax + limits.jsonBytesMax) return;
  metrics.limitReached("http-blob-bytes");
  throw tooLarge(limits.blobBytesMax);
}

function tooLarge(limitBytes: number): HttpProblem {
  return new HttpProblem("too-large", `a file may have ${limitBytes} bytes (limit http-blob-bytes)`);
}

function tooManyUploads({ limits, metrics }: RouteContext): HttpProblem {
  metrics.limitReached("http-uploads");
  return new HttpProblem(
    "too-many-uploads",
    `${limits.uploadsMax} uploads are under way (limit http-uploads); try again in a moment`,
    { headers: { "Retry-After": "1" } },
  );
}
