import { runChild } from "../program/run-child.ts";

const GIT_TIMEOUT_MS = 60_000;

/** The git commit whose files a folder has, and no others; null where there is none, or something is changed or new. */
export async function commitOf(dir: string): Promise<string | null> {
  const git = (...args: readonly string[]) => runChild("git", ["-C", dir, ...args], { timeoutMs: GIT_TIMEOUT_MS });
  const head = await git("rev-parse", "--verify", "--quiet", "HEAD^{commit}");
  const hash = head.stdout.toString("utf8").trim();
  if (head.exitCode !== 0 || !/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(hash)) return null;
  // Whatever the configuration says: a new file is sent, too.
  const status = await git("status", "--porcelain", "--untracked-files=all", "--ignore-submodules=none", "--", ".");
  return status.exitCode === 0 && status.stdout.length === 0 ? hash : null;
}
