/** A time span for people: `0.4 s`, `12.3 s`, `1:05`, `2:03:09`. */
export function duration(ms: number): string {
  const safeMs = Math.max(0, ms);
  if (safeMs < 59_950) return `${(safeMs / 1000).toFixed(1)} s`;
  return clock(safeMs);
}

/** A running time for people, in whole seconds: `0:07`, `1:05`, `2:03:09`. */
export function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const seconds = String(total % 60).padStart(2, "0");
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  return hours === 0 ? `${minutes}:${seconds}` : `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`;
}

/** How long ago, for people: `just now`, `40 s ago`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 2) return "just now";
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}
