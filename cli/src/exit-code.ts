import type { VerdictName } from "@kiln/proto";

/** How the process ends; the same table is in every `--help` and in README.md. */
export const EXIT = {
  passed: 0,
  failed: 1,
  inconclusive: 2,
  /** A farm that does not answer, a file that cannot be read, a spec with mistakes … */
  couldNotRun: 3,
  /** The command line itself is wrong (EX_USAGE of sysexits.h). */
  usage: 64,
  /** EX_NOPERM: the agent that this command ran was shut out of its farm. */
  shutOut: 77,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of a finished run; a run that ended without a verdict could not be judged. */
export function exitCodeOfVerdict(verdict: VerdictName | null): ExitCode {
  switch (verdict) {
    case "pass":
      return EXIT.passed;
    case "fail":
      return EXIT.failed;
    case "inconclusive":
      return EXIT.inconclusive;
    case null:
      return EXIT.couldNotRun;
  }
}
