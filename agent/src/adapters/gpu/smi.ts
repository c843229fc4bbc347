import { tmpdir } from "node:os";
import { parseSmiLog, type SmiLog } from "../../domain/gpu/smi-log.ts";
import { onPath } from "../system/on-path.ts";
import { runTool, type ToolResult } from "../system/run-tool.ts";

/** A sick driver can hang: nvidia-smi then takes for ever. */
const TIMEOUT_MS = 20_000;
/** Lists of clocks make it long: about 150 KiB for each GPU. */
const LOG_BYTES_MAX = 16 * 1024 * 1024;

export type SmiLogResult =
  | { readonly ok: true; readonly log: SmiLog }
  /** `message` says how it failed, for people. */
  | { readonly ok: false; readonly message: string };

/** nvidia-smi. Everything that is asked of it only reads. */
export class Smi {
  readonly program: string;
  readonly #timeoutMs: number;

  /** `timeoutMs`: of one question. */
  constructor(program: string, timeoutMs = TIMEOUT_MS) {
    this.program = program;
    this.#timeoutMs = timeoutMs;
  }

  /** Null: there is none on the path, and so no driver. */
  static find(env: NodeJS.ProcessEnv): Smi | null {
    const program = onPath(env, "nvidia-smi");
    return program === null ? null : new Smi(program);
  }

  /** Never rejects. */
  ask(args: readonly string[], signal?: AbortSignal): Promise<ToolResult> {
    return runTool(this.program, args, {
      timeoutMs: this.#timeoutMs,
      cwd: tmpdir(),
      outputBytesMax: LOG_BYTES_MAX,
      ...(signal ? { signal } : {}),
    });
  }

  /** `nvidia-smi -q -x`. It may fail for one GPU and still tell of the others. */
  async log(signal?: AbortSignal): Promise<SmiLogResult> {
    const result = await this.ask(["-q", "-x"], signal);
    const log = parseSmiLog(result.stdout);
    if (log) return { ok: true, log };
    return { ok: false, message: `nvidia-smi -q -x: ${saidBy(result)}` };
  }
}

/** How it failed and what it said, in one line. */
export function saidBy({ failure, stdout, output, ok }: ToolResult): string {
  // What a failed program wrote comes first; execFile's own words about it follow.
  const text = (ok ? stdout : output).replace(/(?:Command failed:|it took longer than \d+ ms)[\s\S]*$/, "");
  const said = text.trim().split(/\r?\n/).slice(0, 3).join(" ").slice(0, 300);
  return [failure, said].filter((part) => part !== "").join(": ") || "it said nothing";
}
