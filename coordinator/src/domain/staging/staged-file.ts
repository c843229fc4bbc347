/** The variant of wheels that do not differ by one: served beside those of every variant. */
export const ANY_VARIANT = "any";

/** A file of a run's candidate on one of the run's indexes. Its bytes are a blob. */
export interface StagedFile {
  readonly run: number;
  /** `cpu`, `cu118`, `rocm6.0`, or ANY_VARIANT. */
  readonly variant: string;
  readonly filename: string;
  /** Normalised (PEP 503). */
  readonly project: string;
  readonly version: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly requiresPython: string | null;
  /** The blob of its METADATA (PEP 658); null for sdists. */
  readonly metadataSha256: string | null;
  /** Position in the plan of the build job that made it; null when it was uploaded. */
  readonly job: number | null;
  readonly stagedAtMs: number;
  /** Why it is yanked (PEP 592); null when it is not. */
  readonly yanked: string | null;
}

/** A build's wheel that cannot be staged. */
export interface RefusedWheel {
  readonly run: number;
  readonly job: number;
  readonly filename: string;
  readonly sha256: string;
  /** A sentence part about the wheel: "its METADATA says …". */
  readonly reason: string;
  readonly refusedAtMs: number;
}

/** What a passed build made and nobody has looked at yet. */
export interface UnstagedWheel {
  readonly job: number;
  readonly filename: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Whether the text can be a variant's name in an address. */
export function isVariantName(text: string): boolean {
  return /^[a-z0-9][a-z0-9.]{0,31}$/.test(text);
}
