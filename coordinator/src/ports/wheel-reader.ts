import type { WheelContents } from "../domain/staging/check-wheel.ts";

export type ReadWheel =
  | { readonly ok: true; readonly contents: WheelContents }
  /** `reason` is a sentence part about the file: "it is not a zip archive: …". */
  | { readonly ok: false; readonly reason: string };

/** Looks into wheels that are blobs. Memory stays bounded whatever the archive claims. */
export interface WheelReader {
  /** Lists the wheel's entries and reads those for which `isWanted` holds. Throws when the blob cannot be read. */
  read(sha256: string, sizeBytes: number, isWanted: (path: string) => boolean): Promise<ReadWheel>;
}
