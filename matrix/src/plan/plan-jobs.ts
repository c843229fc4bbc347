import { platformOf } from "../known/os-target.ts";
import type { CommandSpec } from "../spec/spec.ts";
import { sortedRecord } from "./canonical-json.ts";
import type { CellTable } from "./cell-table.ts";
import { cellKeys, keyOf } from "./job-keys.ts";
import { axesOf, nameOf, perProjection } from "./per-projection.ts";
import { planBuilds, torchOf } from "./plan-builds.ts";
import { commandKey, type JobInputs, type JobParts } from "./job-parts.ts";
import { measurePlanners } from "./plan-measures.ts";
import type { PlannedBuild, PlannedCheck, PlannedJob, PlannedScan, PlannedTest } from "./plan.ts";
import { containerKey, containerOn, namesImage } from "./planned-container.ts";
import { secretNames, secretsKey } from "./planned-secrets.ts";
import { cellRequirements, labelsOf, requirementText, RequirementPool } from "./requirements.ts";
import type { WheelClash } from "./wheel-names.ts";

export type PlannedJobs =
  | { readonly ok: true; readonly jobs: readonly PlannedJob[] }
  | { readonly ok: false; readonly clash: WheelClash };

/**
 * The jobs of the cells of `rows`, which are in the order of the plan: checks
 * of the source first, then for each cell its build (if no earlier cell had it)
 * with the scans of its wheel, its test, and what is measured there.
 */
export function planJobs(table: CellTable, rows: readonly number[], inputs: JobInputs): PlannedJobs {
  const { spec, profile, candidate, sourceSha256, knowledge, digest, isTouchstone } = inputs;
  const pool = new RequirementPool();
  const candidateKey = keyOf(digest, { name: candidate.name, version: candidate.version, source: sourceSha256 });
  const parts: JobParts = { table, inputs, pool, candidateKey };
  const planned = planBuilds(table, rows, { spec: spec.build, knowledge, digest, candidateKey, pool, isTouchstone });
  if (!planned.ok) return planned;
  const wants = new Set(profile.jobs);
  const scansOf = scanPlanner(wants.has("scan") ? spec.scans : [], parts);
  const testOf = testPlanner(parts);
  const measures = measurePlanners(spec, wants, parts);
  const jobs: PlannedJob[] = wants.has("check") ? planChecks(parts) : [];
  const seen = new Set<PlannedBuild>();
  for (const row of rows) {
    const build = planned.buildOf(row);
    if (!seen.has(build)) {
      seen.add(build);
      jobs.push(build, ...scansOf(build));
    }
    const test = testOf(row, build);
    jobs.push(test);
    for (const measure of measures) {
      const job = measure(row, build, test);
      if (job) jobs.push(job);
    }
  }
  return { ok: true, jobs };
}

function testPlanner({
  table,
  inputs,
  pool,
  candidateKey,
}: JobParts): (row: number, build: PlannedBuild) => PlannedTest {
  const { spec, knowledge, digest, isTouchstone } = inputs;
  const { extras, requires, command, files, repeatFailed, limits, container, agents } = spec.test;
  const env = sortedRecord(spec.test.env);
  const secrets = secretNames(spec.test.secrets);
  const own = { env, extras, requires, command, files, limits: { ...limits } };
  // So that tests without it keep the keys that they had before there was such a thing.
  const repeats = repeatFailed > 0 ? { repeatFailed } : {};
  const share = keyOf(digest, {
    kind: "test",
    candidate: candidateKey,
    ...own,
    ...repeats,
    ...secretsKey(spec.test.secrets),
    ...containerKey(container),
  });
  const keyIn = cellKeys(table, share, digest);
  const requirementOf = cellRequirements(
    table,
    { kind: "test", wantsGpu: spec.test.gpu === "required", container, agents },
    knowledge,
    pool,
  );
  const torchIn = perProjection(table, ["torch", "cuda"], torchOf);
  // Tests of one wheel share the list of what they need: a plan can have many.
  const needs = new Map<PlannedBuild, readonly string[]>();
  return (row, build) => {
    const known = needs.get(build) ?? [build.name];
    needs.set(build, known);
    const cell = nameOf(table, row);
    const requirement = requirementOf(row);
    return {
      kind: "test",
      name: `test-${cell}`,
      cell,
      key: keyIn(row, requirement, build.key),
      needs: known,
      requirement,
      touchstone: isTouchstone(row),
      env,
      secrets,
      limits,
      wheelOf: build.name,
      torch: torchIn(row),
      extras,
      requires,
      command,
      files,
      repeatFailed,
      container: containerOn(requirement.platform, container),
    };
  };
}

/** Once for the run, with the Python and on the platform of the newest touchstone. */
function planChecks({ table, inputs, pool, candidateKey }: JobParts): PlannedCheck[] {
  const { spec, digest, newest } = inputs;
  const { os, python } = axesOf(table, newest);
  const platform = platformOf(os);
  const placed = { platform, os: null, python, torch: false, cudaToolkit: null, gpu: null };
  return spec.checks.map((check): PlannedCheck => {
    const { command, requires, files, limits, container, agents } = check;
    const needs = { ...placed, container: namesImage(platform, container), ...labelsOf(agents) };
    const requirement = pool.intern({ kind: "check", ...needs });
    const shared = { kind: "check", candidate: candidateKey, requirement: requirementText(requirement) };
    return {
      kind: "check",
      name: `check-${check.name}`,
      cell: nameOf(table, newest),
      key: keyOf(digest, { ...shared, ...commandKey(check) }),
      needs: [],
      requirement,
      touchstone: true,
      env: sortedRecord(check.env),
      secrets: secretNames(check.secrets),
      limits,
      requires,
      command,
      files,
      container: containerOn(platform, container),
    };
  });
}

/** Each scan once for each distinct wheel, with the Python and on the platform that made it. */
function scanPlanner(
  scans: readonly CommandSpec[],
  { inputs, pool, candidateKey }: JobParts,
): (build: PlannedBuild) => readonly PlannedScan[] {
  const shared = scans.map((scan) => ({
    scan,
    share: keyOf(inputs.digest, { kind: "scan", candidate: candidateKey, ...commandKey(scan) }),
    env: sortedRecord(scan.env),
    secrets: secretNames(scan.secrets),
  }));
  return (build) => {
    const { platform, python } = build.requirement;
    return shared.map(({ scan, share, env, secrets }): PlannedScan => {
      const { command, requires, files, limits, container, agents } = scan;
      const anywhere = { os: null, torch: false, cudaToolkit: null, gpu: null, ...labelsOf(agents) };
      const boxed = namesImage(platform, container);
      const requirement = pool.intern({ kind: "scan", platform, python, ...anywhere, container: boxed });
      return {
        kind: "scan",
        name: `scan-${scan.name}-${build.name.replace(/^build-/, "")}`,
        cell: build.cell,
        key: keyOf(inputs.digest, { share, wheel: build.key, requirement: requirementText(requirement) }),
        needs: [build.name],
        requirement,
        touchstone: build.touchstone,
        env,
        secrets,
        limits,
        wheelOf: build.name,
        requires,
        command,
        files,
        container: containerOn(platform, container),
      };
    });
  };
}
