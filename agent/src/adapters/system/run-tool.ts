import { execFile } from "node:child_process";

export interface ToolResult {
  /** It ended with status 0. */
  readonly ok: boolean;
  /** Standard output, and after a failure standard error and the reason too. */
  readonly output: string;
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
        maxBuffer: OUTPUT_BYTES_MAX,
        encoding: "utf8",
        windowsHide: true,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve({ ok: true, output: stdout });
        const reason = error.killed ? `it took longer than ${options.timeoutMs} ms` : error.message;
        return resolve({ ok: false, output: `${stdout}${stderr}${reason}` });
      },
    );
  });
}
