import type { JsonPlace } from "../text/json-place.ts";
import { lookup } from "../text/lookup.ts";
import { Refusal } from "../text/refusal.ts";
import type { Direction, Measurement } from "./measurement.ts";
import { unitNamed, UNITS_KNOWN } from "./units.ts";

/** What a specification says of a value whose file does not. */
export interface DeclaredMetric {
  /** As people write it: `ms`, `GB/s`, `count`. */
  readonly unit: string;
  readonly better: Direction;
}

/** By the name that the file has for it. */
export type DeclaredMetrics = Readonly<Record<string, DeclaredMetric>>;

export type MetricKind = Pick<Measurement, "metric" | "unit" | "better"> & { readonly factor: number };

/** The declared unit of `name`; refuses at `place` when there is none. */
export function declaredAs(name: string, declared: DeclaredMetrics, place: Pick<JsonPlace, "place">): MetricKind {
  const found = lookup(declared, name);
  if (!found) {
    throw new Refusal(
      place.place,
      `the unit of "${name}" is not in the file`,
      `Declare its unit and whether lower or higher is better. Known units: ${UNITS_KNOWN}.`,
    );
  }
  return asDeclared(name, found, place.place);
}

export function asDeclared(metric: string, { unit: written, better }: DeclaredMetric, place: string): MetricKind {
  const known = unitNamed(written);
  if (!known)
    throw new Refusal(place, `"${written}", the unit of "${metric}", is not known`, `Known units: ${UNITS_KNOWN}.`);
  return { metric, unit: known.unit, factor: known.factor, better };
}
