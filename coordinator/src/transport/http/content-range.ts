/** Where the bytes of a request's body belong; both ends included. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly totalBytes: number;
}

/**
 * Reads `Content-Range: bytes START-END/TOTAL` (RFC 9110, section 14.4). Null for
 * other units, an unknown total, numbers that contradict each other, and anything
 * that cannot be parsed: unlike `Range`, it must not be ignored (section 14.5).
 */
export function parseContentRange(header: string): ContentRange | null {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i.exec(header.trim());
  if (!match) return null;
  const [start = 0, end = 0, totalBytes = 0] = match.slice(1).map(Number);
  return start <= end && end < totalBytes ? { start, end, totalBytes } : null;
}
