import { KNOWLEDGE, type Knowledge } from "../knowledge/knowledge.ts";
import { KNOWN_AXES } from "../spec/spec.ts";
import type { Profile, ReleaseType, Spec, SpecPlace, SpecPlaces, SpecProblem } from "../spec/spec.ts";
import type { Candidate, FarmPython, Plan } from "./plan.ts";

/** SHA-256 of a text's UTF-8 bytes, as lower-case hexadecimal. */
export type Digest = (text: string) => string;

export interface PlanInputs {
  readonly spec: Spec;
  readonly candidate: Candidate;
  /** What the agents have; order and repetition do not matter. */
  readonly farm: readonly FarmPython[];
  /** Lower-case hexadecimal SHA-256 of the source's bytes. */
  readonly sourceSha256: string;
  readonly digest: Digest;
  /** Where the spec was written, for problems; without it they point at line 1 of a file without a name. */
  readonly places?: SpecPlaces;
  /** Chooses the profile; without it the spec does. */
  readonly release?: ReleaseType;
  /** Compatibility data; without it, the data that Kiln carries. */
  readonly knowledge?: Knowledge;
  /** Names of cells that failed in an earlier run: a reduction keeps them where they are possible. Others are ignored. */
  readonly failing?: readonly string[];
}

export type PlanResult =
  | { readonly ok: true; readonly plan: Plan }
  /** Never empty. */
  | { readonly ok: false; readonly problems: readonly SpecProblem[] };

/** Why there is no plan, before it is known in which file. */
export interface PlanProblem {
  readonly place: SpecPlace | null;
  /** Where in the spec, `matrix.os`; empty when it is not the spec's fault. */
  readonly path: string;
  readonly message: string;
  readonly suggestion: string;
}

/** The inputs with everything filled in. */
export interface PlanContext {
  readonly spec: Spec;
  readonly candidate: Candidate;
  readonly farm: readonly FarmPython[];
  readonly places: SpecPlaces;
  readonly knowledge: Knowledge;
  readonly release: ReleaseType;
  readonly profile: Profile;
}

const NOWHERE: SpecPlaces = { file: "", version: null, axes: {} };

export function contextOf(inputs: PlanInputs): PlanContext {
  const { spec, candidate, farm, places = NOWHERE, knowledge = KNOWLEDGE, release = spec.release } = inputs;
  return { spec, candidate, farm, places, knowledge, release, profile: spec.profiles[release] };
}

/** Where in the spec an axis is: `matrix.torch`, `matrix.axes.backend`. */
export function pathOfAxis(axis: string): string {
  const known: readonly string[] = KNOWN_AXES;
  return known.includes(axis) ? `matrix.${axis}` : `matrix.axes.${axis}`;
}

export function placeOfAxis(places: SpecPlaces, axis: string): SpecPlace | null {
  return Object.hasOwn(places.axes, axis) ? (places.axes[axis] ?? null) : null;
}
