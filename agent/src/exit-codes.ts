/** How the agent's process ends; service managers and `kiln` read it. */
export const EXIT = {
  /** As asked, or an ephemeral agent that has had its job. */
  stopped: 0,
  /** A check of `doctor` or `health` failed. */
  failed: 1,
  couldNotRun: 3,
  /** EX_TEMPFAIL: another version of the agent is to be started in its place; `service` does it. */
  restart: 75,
  /** EX_USAGE of sysexits.h. */
  usage: 64,
  /** EX_NOPERM: the farm has shut this agent out, or its credentials have ended. Starting it again does not help. */
  shutOut: 77,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
