import type { BaselineSpec } from "@kiln/matrix";
import type { RunSummary } from "@kiln/proto";

/**
 * A sentence for who submits a spec whose benchmarks are compared with a commit
 * of which none of these runs is; null where one is, or no commit is named.
 */
export function missingCommit(
  baseline: BaselineSpec | undefined,
  project: string,
  runs: readonly RunSummary[],
): string | null {
  if (baseline?.kind !== "commit") return null;
  const { commit: wanted } = baseline;
  const normal = (name: string): string => name.replaceAll(/[-_.]+/g, "-").toLowerCase();
  const isOf = ({ candidate: { name, commit } }: RunSummary): boolean =>
    normal(name) === normal(project) && commit?.startsWith(wanted) === true;
  if (runs.some(isOf)) return null;
  return (
    `Benchmarks are to be compared with commit ${wanted}, and none of the farm's newest runs is of it. ` +
    `Submit it first: git worktree add ../baseline ${wanted}, then ./kiln submit ../baseline.`
  );
}
