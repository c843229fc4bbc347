import { open } from "node:fs/promises";
import { platform } from "node:process";

/**
 * Makes names that were created in or moved into `folder` survive a crash of the
 * machine; syncing a file alone does not cover its name (fsync(2)). Windows cannot
 * sync a folder; NTFS journals names by itself.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (platform === "win32") return;
  await using handle = await open(folder, "r");
  await handle.sync();
}
