import type { FactSources, IndexFact } from "@kiln/gate";
import { compareVersions } from "@kiln/matrix";
import { parse, valid } from "@renovatebot/pep440";
import { parseDistribution } from "../../domain/staging/distribution-name.ts";
import { normalName } from "../../domain/staging/project-name.ts";
import type { Upstream } from "../../ports/upstream.ts";

const FILES_MAX = 50_000;

export type ReleasesFound =
  /** `lastRelease` null: none is there. */
  | { readonly ok: true; readonly index: IndexFact; readonly lastRelease: string | null }
  | { readonly ok: false; readonly reason: string };

/** What is published of a project on the user's own index. */
export async function publishedReleases(
  upstream: Upstream,
  project: string,
  candidate: string,
  { lastRelease }: FactSources,
): Promise<ReleasesFound> {
  const page = await upstream.page({ kind: "user" }, normalName(project));
  if (!page.ok && page.reason !== "unknown-project") {
    const why =
      page.reason === "failed"
        ? `your index ${page.detail}`
        : page.reason === "busy"
          ? "too many pages of your index are being fetched"
          : "no index of yours is set: KILN_UPSTREAM_INDEX";
    return { ok: false, reason: why };
  }
  const files = page.ok ? page.page.files.map(({ filename }) => filename).slice(0, FILES_MAX) : [];
  const versions = [...new Set(files.flatMap((file) => parseDistribution(file)?.version ?? []))];
  const finals = versions.filter((version) => isFinal(version) && version !== candidate).sort(compareVersions);
  return { ok: true, index: { index: "your index", files }, lastRelease: lastRelease ?? finals.at(-1) ?? null };
}

function isFinal(version: string): boolean {
  const parsed = valid(version) === null ? null : parse(version);
  return parsed !== null && parsed.pre.length === 0 && parsed.dev.length === 0;
}
