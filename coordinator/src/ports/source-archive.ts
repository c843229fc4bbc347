export type SourceFiles =
  /** Texts by path in the source; a file that is not there, or is too large, is missing. */
  | { readonly ok: true; readonly texts: ReadonlyMap<string, string> }
  /** `reason` is a sentence part about the source: "it is no readable .tar.gz". */
  | { readonly ok: false; readonly reason: string };

export type SourceDigests =
  /** SHA-256 by path in the source. */
  { readonly ok: true; readonly digests: ReadonlyMap<string, string> } | (SourceFiles & { readonly ok: false });

/** Reads a run's source, which is a blob. */
export interface SourceArchive {
  /** Throws when the blob cannot be read, or `signal` is aborted. */
  read(
    source: { readonly sha256: string; readonly sizeBytes: number },
    paths: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<SourceFiles>;
  /** Of the files whose paths `wants`. Throws as `read` does. */
  digests(
    source: { readonly sha256: string; readonly sizeBytes: number },
    wants: (path: string) => boolean,
    signal: AbortSignal,
  ): Promise<SourceDigests>;
}
