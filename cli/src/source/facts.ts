/** What a source says of itself, before anything is built. */
export interface SourceFacts {
  readonly name: string;
  /** null when only a build can tell (a dynamic version). */
  readonly version: string | null;
  readonly requiresPython: string | null;
  /** Requires-Dist: dependencies (PEP 508) as the source states them; null when only a build can tell. */
  readonly requiresDist: readonly string[] | null;
  /** The file these were read from, for example `PKG-INFO`. */
  readonly factsFrom: string;
}
