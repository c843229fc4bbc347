import { headline, type OutputOf } from "./failure-patterns.ts";
import type { StepKind } from "./job-steps.ts";
import { logLines } from "./log-text.ts";
import type { Verdict } from "./outcome.ts";

/** How a step's process ended. */
export interface ProcessEnd {
  readonly exitCode: number;
  /** "SIGSEGV" …, null when it exited by itself. */
  readonly signal: string | null;
}

/** Longest part of the log quoted in a summary. */
const QUOTE_CHARS_MAX = 200;

/** What a person calls the process of a step. */
const PROCESS_OF: Readonly<Record<StepKind, string>> = {
  "fetch-source": "fetching the source",
  "fetch-wheel": "fetching the wheel",
  "make-environment": "making the environment",
  "install-build-requires": "installing PyTorch and the build requirements",
  "ask-backend": "asking the build backend what it requires",
  "install-backend-requires": "installing what the build backend requires",
  "select-toolkit": "looking for CUDA toolkits",
  "install-cibuildwheel": "installing cibuildwheel",
  "build-wheel": "building the wheel",
  "rebuild-wheel": "building the wheel a second time",
  "set-local-version": "giving the wheel its local version",
  "repair-wheel": "repairing the wheel",
  "audit-wheel": "auditing the wheel",
  "keep-wheel": "keeping the wheel",
  "install-wheel": "installing the wheel",
  "install-requires": "installing what the command requires",
  "find-baseline": "finding the baseline",
  "check-imports": "importing what the wheel installs",
  "run-command": "the command",
  "run-tests": "the command",
  "repeat-failed": "the command",
  "run-bench": "the benchmark",
  "run-profile": "the profiled command",
};

/** What a step's failure says of the job, when nothing else stands out. */
const OUTCOME_OF = {
  "fetch-source": "infrastructure",
  "fetch-wheel": "infrastructure",
  "make-environment": "infrastructure",
  "install-build-requires": "build-failed",
  "ask-backend": "build-failed",
  "install-backend-requires": "build-failed",
  "select-toolkit": "infrastructure",
  "install-cibuildwheel": "build-failed",
  "build-wheel": "build-failed",
  "rebuild-wheel": "build-failed",
  "set-local-version": "build-failed",
  "repair-wheel": "build-failed",
  "audit-wheel": "build-failed",
  "keep-wheel": "infrastructure",
  // The wheel cannot be used on this Python: that is the candidate's affair.
  "install-wheel": "tests-failed",
  "install-requires": "tests-failed",
  // That there is nothing to compare with says nothing against the candidate.
  "find-baseline": "bad-spec",
  "check-imports": "tests-failed",
  "run-command": "tests-failed",
  "run-tests": "tests-failed",
  "repeat-failed": "tests-failed",
  "run-bench": "tests-failed",
  "run-profile": "tests-failed",
} as const satisfies Record<StepKind, Verdict["outcome"]>;

const OUTPUT_OF: Readonly<Record<StepKind, OutputOf>> = {
  "fetch-source": "tests",
  "fetch-wheel": "tests",
  "make-environment": "tests",
  "install-build-requires": "install",
  "ask-backend": "build",
  "install-backend-requires": "install",
  "select-toolkit": "tests",
  "install-cibuildwheel": "install",
  "build-wheel": "build",
  "rebuild-wheel": "build",
  "set-local-version": "tests",
  "repair-wheel": "build",
  "audit-wheel": "tests",
  "keep-wheel": "tests",
  "install-wheel": "install",
  "install-requires": "install",
  "find-baseline": "install",
  "check-imports": "tests",
  "run-command": "tests",
  "run-tests": "tests",
  "repeat-failed": "tests",
  "run-bench": "tests",
  "run-profile": "tests",
};

/** Steps in which pip may look at an index. */
const USES_INDEX: ReadonlySet<StepKind> = new Set([
  "install-build-requires",
  "install-backend-requires",
  "install-cibuildwheel",
  "build-wheel",
  "rebuild-wheel",
  "install-wheel",
  "install-requires",
  "find-baseline",
]);

/** Steps whose process is the job's own command. */
export const RUNS_COMMAND: ReadonlySet<StepKind> = new Set([
  "run-command",
  "run-tests",
  "repeat-failed",
  "run-bench",
  "run-profile",
]);

const DISK_FULL = /No space left on device|\bENOSPC\b|There is not enough space on the disk/;
/** What gcc's driver says when the kernel took its compiler away. */
const COMPILER_KILLED = /Killed signal terminated program|fatal error: Killed|virtual memory exhausted/;

/**
 * Judges a step that failed: `logTail` is the end of the step's output.
 * A network failure is one only when pip gave up on the network: its retries
 * are spent, or the index itself answered with a server error.
 */
export function classifyFailure(step: StepKind, end: ProcessEnd, logTail: string): Verdict {
  const what = PROCESS_OF[step];
  if (DISK_FULL.test(logTail)) {
    return { outcome: "out-of-resources", summary: `${what} failed: the disk of the agent is full` };
  }
  if (end.signal === "SIGKILL" || end.exitCode === 137 || COMPILER_KILLED.test(logTail)) {
    return { outcome: "out-of-resources", summary: `${what} was killed by the system, most often for want of memory` };
  }
  if (USES_INDEX.has(step) && isNetworkFailure(logTail)) {
    return { outcome: "infrastructure", summary: `${what} failed: pip could not reach the package index` };
  }
  const outcome = OUTCOME_OF[step];
  if (end.signal !== null) return { outcome, summary: `${what} crashed (${end.signal})` };
  const quote = headline(logLines(logTail), OUTPUT_OF[step]);
  const ended = RUNS_COMMAND.has(step) ? `${what} ended with exit status ${end.exitCode}` : `${what} failed`;
  return { outcome, summary: quote === null ? withStatus(ended, step, end) : `${ended}: ${cut(quote)}` };
}

function withStatus(ended: string, step: StepKind, end: ProcessEnd): string {
  return RUNS_COMMAND.has(step) ? ended : `${ended} with exit status ${end.exitCode}`;
}

function isNetworkFailure(logTail: string): boolean {
  return (
    /Retry\(total=0,[^\n]*after connection broken by/.test(logTail) ||
    /Could not install packages due to an OSError: HTTPS?ConnectionPool/.test(logTail) ||
    /pip\._vendor\.urllib3\.exceptions\.(?:ReadTimeoutError|ProtocolError|NewConnectionError)/.test(logTail) ||
    /ERROR: HTTP error 5\d\d while getting /.test(logTail)
  );
}

function cut(text: string): string {
  return text.length <= QUOTE_CHARS_MAX ? text : `${text.slice(0, QUOTE_CHARS_MAX).toWellFormed()}…`;
}
