import { StagedFileView, StagedView, UnyankBody, YankBody } from "@kiln/proto";
import { Type } from "typebox";
import type { Actor } from "../../domain/audit.ts";
import type { StagedFile } from "../../domain/staging/staged-file.ts";
import type { StagedOfRun } from "../../services/index-api.ts";
import { people, peopleAndAgents } from "./access.ts";
import { actorOf } from "./auth.ts";
import type { App, RouteContext } from "./http-deps.ts";
import { noSuchRun, runNumber, RunParams } from "./params.ts";
import { HttpProblem } from "./problem.ts";
import { json, responses } from "./responses.ts";
import { cutSlowBodies } from "./slow-bodies.ts";

const FileParams = Type.Object({
  ...RunParams.properties,
  filename: Type.String({ description: "The staged file's name" }),
});

const FileList = Type.Object({ files: Type.Array(StagedFileView) });

/** What a run has staged, for operators: listing, yanking (PEP 592), and taking that back. */
export function stagedRoutes(app: App, context: RouteContext): void {
  const { index, limits } = context;
  app.addHook("preParsing", cutSlowBodies(limits.jsonBodyTimeoutMs));
  const ofRun = async (run: string): Promise<StagedOfRun> => {
    const staged = await index.staged(runNumber(run));
    if (!staged) throw noSuchRun(run);
    return staged;
  };

  app.get(
    "/runs/:run/staged",
    {
      config: peopleAndAgents("viewer"),
      schema: {
        operationId: "listStagedFiles",
        summary: "List the files on a run's staging indexes",
        tags: ["index"],
        params: RunParams,
        response: responses({ 200: json("What is staged", StagedView) }, "unauthorized", "no-such-run"),
      },
    },
    async (request): Promise<StagedView> => {
      const staged = await ofRun(request.params.run);
      return {
        files: staged.files.map((file) => fileView(file, staged)),
        refused: staged.refused.map(({ job, filename, sha256, reason, refusedAtMs }) => ({
          job: staged.jobName(job),
          ...{ filename, sha256, reason, refusedAtMs },
        })),
      };
    },
  );
  yankRoutes(app, context, ofRun);
}

/** `ofRun` throws the problem `no-such-run`. */
function yankRoutes(app: App, { index, audit }: RouteContext, ofRun: (run: string) => Promise<StagedOfRun>): void {
  const setYanked = async (
    { run, filename }: { readonly run: string; readonly filename: string },
    variant: string | undefined,
    reason: string | null,
    by: Actor,
  ) => {
    const where = variant === undefined ? "" : ` on its index ${variant}`;
    const what = reason === null ? "index.unyank" : "index.yank";
    const entry = audit.entry(by, { what, object: `${run}/${filename}${where}`, detail: reason ?? "" });
    const outcome = await index.setYanked(runNumber(run), { filename, variant: variant ?? null }, reason, entry);
    if (outcome.ok) {
      const staged = await ofRun(run);
      return { files: outcome.files.map((file) => fileView(file, staged)) };
    }
    if (outcome.reason === "no-such-run") throw noSuchRun(run);
    throw new HttpProblem("no-such-file", `${run} has no ${filename.slice(0, 300)}${where}`);
  };
  const response = responses(
    { 200: json("The files of this name", FileList) },
    "unauthorized",
    "no-such-run",
    "no-such-file",
    "too-large",
    "unsupported-media-type",
  );
  const schema = { tags: ["index"], params: FileParams, response };
  app.post(
    "/runs/:run/staged/:filename/yank",
    {
      config: people("releaser"),
      schema: { ...schema, operationId: "yankStagedFile", summary: "Yank a staged file", body: YankBody },
    },
    (request) => setYanked(request.params, request.body.variant, request.body.reason, actorOf(request)),
  );
  app.post(
    "/runs/:run/staged/:filename/unyank",
    {
      config: people("releaser"),
      schema: { ...schema, operationId: "unyankStagedFile", summary: "Take a yank back", body: UnyankBody },
    },
    (request) => setYanked(request.params, request.body.variant, null, actorOf(request)),
  );
}

function fileView(file: StagedFile, staged: StagedOfRun): StagedFileView {
  const { filename, variant, version, sha256, sizeBytes, requiresPython, stagedAtMs, yanked } = file;
  const job = file.job === null ? null : staged.jobName(file.job);
  return { filename, variant, version, sha256, sizeBytes, requiresPython, job, stagedAtMs, yanked };
}
