/** Runs are numbered from 1 in the order of submission; people write `r12`. */
export function formatRunId(run: number): string {
  return `r${run}`;
}

/** null when the text is not a run's name. */
export function parseRunId(text: string): number | null {
  const match = /^r([1-9][0-9]{0,8})$/.exec(text);
  return match ? Number(match[1]) : null;
}
