import { tmpdir } from "node:os";
import { LIST_PROCESSES, orphansOf, parseProcesses } from "../../domain/windows-orphans.ts";
import type { ProcessGroup } from "../../ports/executor.ts";
import { runTool } from "./run-tool.ts";

const LIST_TIMEOUT_MS = 30_000;
const KILL_TIMEOUT_MS = 10_000;
const MARK = "windows/";

/** What tells a process of Windows that was just started, for `ProcessGroup.mark`. */
export function windowsMark(startedMs: number): string {
  return `${MARK}${startedMs}`;
}

export type OrphansEnd =
  | { readonly ok: true; readonly killed: number }
  /** It could not be found out what runs: `message` says why. */
  | { readonly ok: false; readonly message: string };

/** Ends what is left of the trees of these processes on Windows, however their roots ended. */
export async function endOrphans(groups: readonly ProcessGroup[]): Promise<OrphansEnd> {
  const roots = groups
    .filter(({ mark }) => mark.startsWith(MARK))
    .map(({ pid, mark }) => ({ pid, startedMs: Number(mark.slice(MARK.length)) }));
  if (roots.length === 0) return { ok: true, killed: 0 };
  const options = { timeoutMs: LIST_TIMEOUT_MS, cwd: tmpdir() };
  const listed = await runTool(
    "powershell.exe",
    ["-NoProfile", "-NonInteractive", "-Command", LIST_PROCESSES],
    options,
  );
  const processes = listed.ok ? parseProcesses(listed.output) : null;
  if (processes === null) {
    const detail = listed.output.trim().slice(-200);
    return { ok: false, message: `PowerShell did not list the processes: ${detail || "it printed nothing"}` };
  }
  const orphans = orphansOf(processes, roots);
  for (const { pid } of orphans) {
    await runTool("taskkill.exe", ["/pid", String(pid), "/T", "/F"], { ...options, timeoutMs: KILL_TIMEOUT_MS });
  }
  return { ok: true, killed: orphans.length };
}
