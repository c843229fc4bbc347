import type { GateId, GatePolicy } from "../rules/catalogue.ts";
import type { Waiver } from "../rules/waiver.ts";
import type { VersionPlaceSource } from "../sources/version-place.ts";

/** Where the facts of gates come from, as far as a release says it; plain data, so that it can be stored. */
export interface FactSources {
  /** G05: path in the source. */
  readonly changelog?: string;
  /** G01. */
  readonly versionPlaces?: readonly VersionPlaceSource[];
  /** G02 and others: the newest version before; without it the index's newest. */
  readonly lastRelease?: string;
  /** G09: the scan (`twine check`) that renders the README. */
  readonly readmeScan?: string;
  /** G20: the scans whose SARIF counts; without it all. */
  readonly scans?: readonly string[];
  /** G20: how old the scanners' database is. */
  readonly database?: ScanDatabase;
  /** G27: the commands of `checks` and `scans` that run examples; without it those whose names begin with `example`. */
  readonly examples?: readonly string[];
}

export type ScanDatabase =
  /** The tool asks a service: it is as old as the scan. */
  | { readonly kind: "live" }
  /** A JSON file in KILN_RESULTS, and the path of a time (ISO 8601) in it. */
  | { readonly kind: "file"; readonly file: string; readonly key: string };

/** What one release has to pass; plain data. */
export interface ReleasePolicy {
  /** Gates that are asked for, each with what differs from its defaults. */
  readonly gates: GatePolicy;
  /** Gates that are switched off, so that no default brings them back. */
  readonly off: readonly GateId[];
  readonly sources: FactSources;
  readonly waivers: readonly Waiver[];
}

export const NO_POLICY: ReleasePolicy = { gates: {}, off: [], sources: {}, waivers: [] };
