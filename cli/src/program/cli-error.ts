import type { SpecProblem } from "@kiln/proto";
import { EXIT, type ExitCode } from "../exit-code.ts";

export interface CliErrorOptions {
  readonly exitCode?: ExitCode;
  /** What to do about it: a sentence or a command; shown on its own line. */
  readonly advice?: string;
  /** Mistakes in a file of the person's, each shown with its place. */
  readonly problems?: readonly SpecProblem[];
  /** Text of the file that `problems` are about, for the source line under each. */
  readonly sourceText?: string;
  readonly cause?: unknown;
}

/**
 * Why a command ends early, in words for the person who typed it. The program
 * turns it into text on stderr (and a document on stdout with `--json`) and an
 * exit code; anything else that is thrown is a bug in Kiln and says so.
 */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly advice: string;
  readonly problems: readonly SpecProblem[];
  readonly sourceText: string;

  constructor(message: string, options: CliErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CliError";
    this.exitCode = options.exitCode ?? EXIT.couldNotRun;
    this.advice = options.advice ?? "";
    this.problems = options.problems ?? [];
    this.sourceText = options.sourceText ?? "";
  }
}

/** A mistake on the command line itself: exit code 64. */
export function usageError(message: string, advice = ""): CliError {
  return new CliError(message, { exitCode: EXIT.usage, advice });
}

/** The person pressed Ctrl-C, or the process was told to end. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted");
    this.name = "Interrupted";
  }
}

/** The system's error code (`ENOENT`, `ECONNREFUSED` …) of an error, or "". */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code === "string") return code;
  return error.cause === undefined ? "" : errorCode(error.cause);
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
