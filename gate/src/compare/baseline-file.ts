/** The wheel that a candidate was compared with. */
export interface BaselineFile {
  /** The run that made it, `r12`; null: it is from the package index. */
  readonly run: string | null;
  /** Of that run's source, where the baseline was named by it. */
  readonly commit: string | null;
  readonly filename: string;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** Where a baseline is from, in a few words: `r12`, `commit 1a2b3c4d5e6f in r12`, `package index`. */
export function baselineOrigin({ run, commit }: Pick<BaselineFile, "run" | "commit">): string {
  if (run === null) return "package index";
  return commit === null ? run : `commit ${commit.slice(0, 12)} in ${run}`;
}
