import { holds } from "../combine/condition.ts";
import type { MeasureSpec, Spec } from "../spec/spec.ts";
import { sortedRecord, type CanonicalValue } from "./canonical-json.ts";
import { cellKeys, keyOf } from "./job-keys.ts";
import { perProjection } from "./per-projection.ts";
import { commandKey, type JobParts } from "./job-parts.ts";
import type { PlannedBench, PlannedBuild, PlannedProfile, PlannedTest } from "./plan.ts";
import { containerOn } from "./planned-container.ts";
import { secretNames } from "./planned-secrets.ts";
import { cellRequirements } from "./requirements.ts";

type Measure = PlannedBench | PlannedProfile;
type Planner = (row: number, build: PlannedBuild, test: PlannedTest) => Measure | null;
/** What benchmarks and profiles have in common. */
type Common = Omit<PlannedProfile, "kind" | "kernels" | "launchSkip" | "launchCount">;

/** Of the kinds that are wanted and that the spec has. */
export function measurePlanners(spec: Spec, wants: ReadonlySet<string>, parts: JobParts): readonly Planner[] {
  const { bench, profile } = spec;
  const planners: Planner[] = [];
  if (bench && wants.has("bench")) {
    const { format, results, metrics, columns, baseline, boundBy } = bench;
    const own = { format, results, metrics: sortedRecord(metrics), columns, baseline };
    planners.push(
      measurePlanner("bench", bench, { ...own, boundBy }, parts, (common) => ({
        kind: "bench",
        ...common,
        ...own,
        boundBy: boundBy ?? (common.requirement.gpu === null ? "host" : "gpu"),
      })),
    );
  }
  if (profile && wants.has("profile")) {
    const { kernels, launchSkip, launchCount } = profile;
    const own = { kernels, launchSkip, launchCount };
    planners.push(measurePlanner("profile", profile, own, parts, (common) => ({ kind: "profile", ...common, ...own })));
  }
  return planners;
}

/** In every cell that `when` admits, after its test: what does not work is not worth a GPU's time. */
function measurePlanner(
  kind: Measure["kind"],
  measure: MeasureSpec,
  own: Readonly<Record<string, unknown>>,
  { table, inputs, pool, candidateKey }: JobParts,
  make: (common: Common) => Measure,
): Planner {
  const { knowledge, digest, isTouchstone } = inputs;
  const { when, command, requires, files, limits, container, agents } = measure;
  const admits = perProjection(table, Object.keys(when ?? {}), (cell) => holds(when, cell));
  const requirementOf = cellRequirements(table, { kind, wantsGpu: true, container, agents }, knowledge, pool);
  const env = sortedRecord(measure.env);
  const secrets = secretNames(measure.secrets);
  const text = own as Readonly<Record<string, CanonicalValue>>;
  const share = keyOf(digest, { kind, candidate: candidateKey, ...commandKey(measure), ...text });
  const keyIn = cellKeys(table, share, digest);
  return (row, build, test) => {
    if (!admits(row)) return null;
    const requirement = requirementOf(row);
    return make({
      name: `${kind}-${test.cell}`,
      cell: test.cell,
      key: keyIn(row, requirement, build.key),
      needs: [build.name, test.name],
      requirement,
      touchstone: isTouchstone(row),
      env,
      secrets,
      limits,
      wheelOf: build.name,
      torch: test.torch,
      requires,
      command,
      files,
      container: containerOn(requirement.platform, container),
    });
  };
}
