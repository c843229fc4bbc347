import type { Readable } from "node:stream";
import type { IndexPage } from "../domain/staging/index-page.ts";
import type { UpstreamSource } from "../domain/staging/upstream-source.ts";

export type UpstreamPage =
  /** The same object for as long as it is fresh. URLs of its files are the upstream's own. */
  | { readonly ok: true; readonly page: IndexPage }
  | { readonly ok: false; readonly reason: "unknown-project" }
  | UpstreamTrouble;

export type UpstreamTrouble =
  /** No index is configured for this source. */
  | { readonly ok: false; readonly reason: "not-configured" }
  /** A sentence part about the upstream, without its credentials: "it answers 500". */
  | { readonly ok: false; readonly reason: "failed"; readonly detail: string }
  /** The limit of what may be fetched at once is reached. */
  | { readonly ok: false; readonly reason: "busy"; readonly limit: number };

/** A file of a project, or the METADATA beside it (PEP 658). */
export interface WantedFile {
  readonly project: string;
  readonly filename: string;
  /** What the project's page said of the file itself; null when it gave no digest. */
  readonly sha256: string | null;
  readonly metadata: boolean;
}

export type UpstreamFile =
  /** Kept here: any part can be read. */
  | {
      readonly ok: true;
      readonly kind: "kept";
      readonly sha256: string;
      readonly sizeBytes: number;
      read(range?: { readonly start: number; readonly end: number }): Readable;
    }
  /**
   * On its way: from the start to the end. The stream fails, before its last
   * bytes, where the digest is not the page's. It must be read or destroyed.
   */
  | { readonly ok: true; readonly kind: "coming"; readonly sizeBytes: number | null; readonly body: Readable }
  | { readonly ok: false; readonly reason: "unknown-file" }
  | UpstreamTrouble;

/**
 * The indexes that other projects come from. Pages and files are kept within
 * limits of number, size and age; what several ask for at once is fetched once.
 */
export interface Upstream extends AsyncDisposable {
  page(source: UpstreamSource, project: string): Promise<UpstreamPage>;
  file(source: UpstreamSource, wanted: WantedFile): Promise<UpstreamFile>;
}
