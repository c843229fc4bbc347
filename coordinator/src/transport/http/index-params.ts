import { Type } from "typebox";
import type { IndexKey, NoSuchIndex } from "../../services/index-api.ts";
import type { UpstreamTrouble } from "../../ports/upstream.ts";
import type { RouteContext } from "./http-deps.ts";
import { noSuchRun, runNumber, RunParams } from "./params.ts";
import { HttpProblem } from "./problem.ts";

export const IndexParams = Type.Object({
  ...RunParams.properties,
  variant: Type.String({ description: "cpu, cu118, …; any for wheels that do not differ by it" }),
});

/** Both ways to send a token are taken here, and certificates of agents. */
export const INDEX_SECURITY = [{ tokenAsPassword: [] }, { token: [] }, { agentCertificate: [] }];

/** Throws the problem `no-such-run` for what cannot be a run's name. */
export function indexKey({ run, variant }: { readonly run: string; readonly variant: string }): IndexKey {
  return { run: runNumber(run), variant };
}

export function noSuchIndex(outcome: NoSuchIndex, { run, variant }: IndexKey): HttpProblem {
  if (outcome.reason === "no-such-run") return noSuchRun(`r${run}`);
  return new HttpProblem(
    "no-such-index",
    `r${run} has no index ${JSON.stringify(variant.slice(0, 50))}; it has ${outcome.variants.join(", ")}`,
  );
}

export function upstreamProblem(
  trouble: UpstreamTrouble,
  project: string,
  { metrics }: Pick<RouteContext, "metrics">,
): HttpProblem {
  switch (trouble.reason) {
    case "not-configured":
      return new HttpProblem(
        "no-such-project",
        `${project} is not the candidate, and this farm has no upstream index to take it from: ` +
          "start the coordinator with KILN_UPSTREAM_INDEX",
      );
    case "failed":
      return new HttpProblem("upstream-failed", `${project} cannot be had from the upstream index: ${trouble.detail}`);
    case "busy":
      metrics.limitReached("http-upstream-fetches");
      return new HttpProblem(
        "too-many-fetches",
        `${trouble.limit} pages or files are being fetched (limit http-upstream-fetches); try again in a moment`,
        { headers: { "Retry-After": "1" } },
      );
  }
}
