import { statSync } from "node:fs";
import { natsServerPid } from "./nats-server.ts";

const LOOK_INTERVAL_MS = 60_000;

/**
 * Has the NATS server read its certificate again whenever the coordinator has
 * renewed it; its clients are back at once. Returns what ends that.
 */
export function reloadNatsOnRenewal(
  certificateFile: string,
  natsDir: string,
  intervalMs = LOOK_INTERVAL_MS,
): () => void {
  let seen = versionOf(certificateFile);
  const timer = setInterval(() => {
    const now = versionOf(certificateFile);
    if (now === null || now === seen) return;
    seen = now;
    void reload(natsDir);
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Changes whenever the file is replaced; null while there is none. */
function versionOf(file: string): string | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats ? `${stats.ino} ${stats.mtimeMs}` : null;
}

async function reload(natsDir: string): Promise<void> {
  const pid = await natsServerPid(natsDir);
  if (pid === null) return;
  try {
    // Windows has no SIGHUP: there it ends, and is started again.
    process.kill(pid, process.platform === "win32" ? "SIGTERM" : "SIGHUP");
  } catch {
    // It has just ended; the next one reads the new certificate anyhow.
  }
}
