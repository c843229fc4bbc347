import type { Bundle, Versions } from "../domain/update/versions.ts";

/** The bundles of a service, and which one it runs; durable. */
export interface VersionStore {
  read(): Versions;
  write(versions: Versions): void;
  /** Where a bundle's file is, or is to be. */
  pathOf(bundle: Bundle): string;
  /** Removes bundles that are not needed any more. */
  tidy(): void;
}
