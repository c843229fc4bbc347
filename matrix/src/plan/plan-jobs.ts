import type { Spec } from "../spec/spec.ts";
import { canonicalJson, sortedRecord } from "./canonical-json.ts";
import type { Candidate, Cell, PlannedBuild, PlannedJob, PlannedTest } from "./plan.ts";

/** SHA-256 of a text's UTF-8 bytes, as lower-case hexadecimal. */
export type Digest = (text: string) => string;

export interface JobInputs {
  readonly spec: Spec;
  readonly candidate: Pick<Candidate, "name" | "version">;
  readonly sourceSha256: string;
  readonly digest: Digest;
}

/** Part of every key: raise it when the meaning of a job changes, so that old keys match no new job. */
const KEY_FORMAT = 1;

/**
 * The jobs of each cell: one build, and one test of its wheel. A job's key
 * covers everything that can change how it ends, its limits included: a job
 * that timed out at 20 s may pass in 30 m.
 */
export function planJobs(cells: readonly Cell[], inputs: JobInputs): readonly PlannedJob[] {
  const { spec, candidate, sourceSha256, digest } = inputs;
  const build = {
    env: sortedRecord(spec.build.env),
    configSettings: sortedRecord(spec.build.configSettings),
    limits: spec.build.limits,
  };
  const { extras, requires, command, files, limits } = spec.test;
  const test = { env: sortedRecord(spec.test.env), extras, requires, command, files, limits };
  // What all cells share is digested once; a cell's key adds its axes.
  const buildShare = digest(
    canonicalJson({
      format: KEY_FORMAT,
      kind: "build",
      name: candidate.name,
      version: candidate.version,
      source: sourceSha256,
      ...build,
      limits: { ...build.limits },
    }),
  );
  const testShare = digest(canonicalJson({ format: KEY_FORMAT, kind: "test", ...test, limits: { ...limits } }));
  return cells.flatMap((cell): [PlannedBuild, PlannedTest] => {
    const { os, python } = cell.axes;
    const buildName = `build-${cell.name}`;
    const buildKey = digest(canonicalJson({ share: buildShare, os, python }));
    const placed = { cell: cell.name, platform: os, python };
    return [
      { kind: "build", name: buildName, key: buildKey, needs: [], ...placed, ...build },
      {
        kind: "test",
        name: `test-${cell.name}`,
        key: digest(canonicalJson({ share: testShare, wheelOf: buildKey, os, python })),
        needs: [buildName],
        wheelOf: buildName,
        ...placed,
        ...test,
      },
    ];
  });
}
