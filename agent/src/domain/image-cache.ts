/** An image that this agent pulled and that was not there before. */
export interface PulledImage {
  /** "sha256:…" of its configuration. */
  readonly id: string;
  /** What it was pulled as. */
  readonly reference: string;
  readonly sizeBytes: number;
  readonly lastUsedAtMs: number;
}

/**
 * Which images have to go so that what was pulled keeps to its limit: the least
 * recently used first, never one in use. Layers that images share count for
 * each of them, so it may remove more than it must, never less.
 */
export function imagesToRemove(
  pulled: readonly PulledImage[],
  bytesMax: number,
  isInUse: (id: string) => boolean,
): readonly PulledImage[] {
  let bytes = pulled.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const removed: PulledImage[] = [];
  for (const image of [...pulled].sort((a, b) => a.lastUsedAtMs - b.lastUsedAtMs)) {
    if (bytes <= bytesMax) break;
    if (isInUse(image.id)) continue;
    removed.push(image);
    bytes -= image.sizeBytes;
  }
  return removed;
}
