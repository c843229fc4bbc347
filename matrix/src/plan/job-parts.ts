import type { Knowledge } from "../knowledge/knowledge.ts";
import type { MeasureSpec, Profile, Spec } from "../spec/spec.ts";
import type { CanonicalValue } from "./canonical-json.ts";
import type { CellTable } from "./cell-table.ts";
import type { Digest } from "./plan-inputs.ts";
import type { Candidate } from "./plan.ts";
import { containerKey } from "./planned-container.ts";
import { secretsKey } from "./planned-secrets.ts";
import type { RequirementPool } from "./requirements.ts";

export interface JobInputs {
  readonly spec: Spec;
  readonly profile: Profile;
  readonly candidate: Pick<Candidate, "name" | "version">;
  readonly sourceSha256: string;
  readonly knowledge: Knowledge;
  readonly digest: Digest;
  /** Row of the newest touchstone. */
  readonly newest: number;
  readonly isTouchstone: (row: number) => boolean;
}

/** What planners of jobs share. */
export interface JobParts {
  readonly table: CellTable;
  readonly inputs: JobInputs;
  readonly pool: RequirementPool;
  readonly candidateKey: string;
}

export function commandKey(of: Omit<MeasureSpec, "when">): Readonly<Record<string, CanonicalValue>> {
  const { command, requires, files, env, secrets, limits, container } = of;
  const own = { command, requires, files, env, limits: { ...limits } };
  return { ...own, ...secretsKey(secrets), ...containerKey(container) };
}
