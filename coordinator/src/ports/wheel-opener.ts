import type { OpenedWheel } from "../domain/verdict/wheel-contents.ts";

export type WheelOpening =
  | { readonly ok: true; readonly wheel: OpenedWheel; readonly hashedBytes: number }
  /** `reason` is a sentence part about the file: "it is not a zip archive: …". */
  | { readonly ok: false; readonly reason: string };

/** Looks into built wheels for what gates ask. Memory stays bounded whatever the archive claims. */
export interface WheelOpener {
  /**
   * Reads the files of .dist-info, and hashes every file unless all of them
   * together unpack to more than `hashBytesMax`. Throws when the blob cannot be
   * read, or `signal` is aborted.
   */
  open(
    wheel: { readonly sha256: string; readonly sizeBytes: number },
    limits: { readonly hashBytesMax: number; readonly signal: AbortSignal },
  ): Promise<WheelOpening>;
}
