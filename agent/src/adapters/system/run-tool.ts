import { execFile, type ExecFileException } from "node:child_process";

export interface ToolResult {
  /** It ended with status 0. */
  readonly ok: boolean;
  /** Standard output, and after a failure standard error and the reason too. */
  readonly output: string;
  /** Standard output alone. */
  readonly stdout: string;
  /** Why it failed, in a few words: "it took longer than 20 s", "it ended with status 9"; empty: it did not. */
  readonly failure: string;
}

const OUTPUT_BYTES_MAX = 1024 * 1024;

/** Runs one of the agent's own tools, not a job's, to its end. Never rejects. */
export function runTool(
  program: string,
  args: readonly string[],
  options: {
    readonly timeoutMs: number;
    readonly cwd: string;
    /** The agent's own where absent. */
    readonly env?: Readonly<Record<string, string>>;
    /** Of each stream; more ends it as a failure. Default 1 MiB. */
    readonly outputBytesMax?: number;
    /** Ends it as a failure. */
    readonly signal?: AbortSignal;
  },
): Promise<ToolResult> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      {
        cwd: options.cwd,
        ...(options.env ? { env: options.env } : {}),
        timeout: options.timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: options.outputBytesMax ?? OUTPUT_BYTES_MAX,
        ...(options.signal ? { signal: options.signal } : {}),
        encoding: "utf8",
        windowsHide: true,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve({ ok: true, output: stdout, stdout, failure: "" });
        const reason = error.killed ? `it took longer than ${options.timeoutMs} ms` : error.message;
        return resolve({
          ok: false,
          output: `${stdout}${stderr}${reason}`,
          stdout,
          failure: failureOf(error, options.timeoutMs),
        });
      },
    );
  });
}

function failureOf(error: ExecFileException, timeoutMs: number): string {
  if (error.name === "AbortError") return "it was ended";
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "it wrote more than it may";
  if (error.killed === true) return `it took longer than ${timeoutMs / 1000} s`;
  if (typeof error.code === "number") return `it ended with status ${error.code}`;
  if (error.signal) return `it was killed by ${error.signal}`;
  return error.message;
}
