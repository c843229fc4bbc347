import type { Output } from "./output.ts";

/** What a command may use of the process it runs in; tests make their own. */
export interface Context {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  /** One JSON document on stdout instead of text. */
  readonly json: boolean;
  readonly out: Output;
  /** Aborted at the first Ctrl-C, SIGTERM or SIGHUP. */
  readonly interrupted: AbortSignal;
  /** Aborted at the second; the process ends right after its listeners ran. */
  readonly interruptedAgain: AbortSignal;
  nowMs(): number;
}
