import { StagedFileView, StagedView, UnyankBody, YankBody } from "@kiln/proto";
import { Type } from "typebox";
import type { StagedFile } from "../../domain/staging/staged-file.ts";
import type { StagedOfRun } from "../../services/index-api.ts";
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
export function stagedRoutes(app: App, { index, limits }: RouteContext): void {
  app.addHook("preParsing", cutSlowBodies(limits.jsonBodyTimeoutMs));
  const ofRun = async (run: string): Promise<StagedOfRun> => {
    const staged = await index.staged(runNumber(run));
    if (!staged) throw noSuchRun(run);
    return staged;
  };

  app.get(
    "/runs/:run/staged",
    {
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

  const setYanked = async (
    { run, filename }: { readonly run: string; readonly filename: string },
    variant: string | undefined,
    reason: string | null,
  ) => {
    const outcome = await index.setYanked(runNumber(run), { filename, variant: variant ?? null }, reason);
    if (outcome.ok) {
      const staged = await ofRun(run);
      return { files: outcome.files.map((file) => fileView(file, staged)) };
    }
    if (outcome.reason === "no-such-run") throw noSuchRun(run);
    const where = variant === undefined ? "" : ` on its index ${variant}`;
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
    { schema: { ...schema, operationId: "yankStagedFile", summary: "Yank a staged file", body: YankBody } },
    (request) => setYanked(request.params, request.body.variant, request.body.reason),
  );
  app.post(
    "/runs/:run/staged/:filename/unyank",
    { schema: { ...schema, operationId: "unyankStagedFile", summary: "Take a yank back", body: UnyankBody } },
    (request) => setYanked(request.params, request.body.variant, null),
  );
}

function fileView(file: StagedFile, staged: StagedOfRun): StagedFileView {
  const { filename, variant, version, sha256, sizeBytes, requiresPython, stagedAtMs, yanked } = file;
  const job = file.job === null ? null : staged.jobName(file.job);
  return { filename, variant, version, sha256, sizeBytes, requiresPython, job, stagedAtMs, yanked };
}
