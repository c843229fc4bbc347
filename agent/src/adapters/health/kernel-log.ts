import { tmpdir } from "node:os";
import { parseXids, type Xid } from "../../domain/health/xid.ts";
import { onPath } from "../system/on-path.ts";
import { runTool } from "../system/run-tool.ts";

const TIMEOUT_MS = 10_000;
const OUTPUT_BYTES_MAX = 32 * 1024 * 1024;

/** Programs that show the kernel's log, in the order in which they are tried. */
const READERS = [
  { name: "dmesg", args: [] },
  { name: "journalctl", args: ["--dmesg", "--boot", "--no-pager", "--output=short-monotonic", "--quiet"] },
] as const;

export type KernelXids =
  | { readonly xids: readonly Xid[]; readonly reason: "" }
  /** The log cannot be read, for this reason. */
  | { readonly xids: null; readonly reason: string };

/** Errors that the NVIDIA driver has written into the kernel's log of this boot. */
export async function readXids(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<KernelXids> {
  if (process.platform !== "linux") return { xids: null, reason: "the kernel's log is read on Linux only" };
  const reasons: string[] = [];
  for (const { name, args } of READERS) {
    const program = onPath(env, name);
    if (program === null) continue;
    const options = { timeoutMs: TIMEOUT_MS, cwd: tmpdir(), outputBytesMax: OUTPUT_BYTES_MAX, signal };
    const { ok, output, stdout } = await runTool(program, args, options);
    if (ok) return { xids: parseXids(stdout.split(/\r?\n/)), reason: "" };
    reasons.push(`${name}: ${output.trim().split(/\r?\n/)[0]?.slice(0, 200) ?? ""}`);
  }
  const why = reasons.length === 0 ? "there is neither dmesg nor journalctl" : reasons.join("; ");
  const fix = "set kernel.dmesg_restrict=0 by sysctl, or put the agent's user into the group systemd-journal";
  return { xids: null, reason: `the kernel's log cannot be read (${why}): ${fix}` };
}
