import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SharedFolderSync } from "./shared-folder-sync.ts";

it("who asks during a folder's sync shares the next one, and never the one under way", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kiln-sync-"));
  const folders = new SharedFolderSync();
  const first = folders.sync(folder);
  const [second, third] = [folders.sync(folder), folders.sync(folder)];
  expect(second).not.toBe(first);
  expect(third).toBe(second);
  await Promise.all([first, second]);
  const later = folders.sync(folder);
  expect(later).not.toBe(second);
  await later;
  await rm(folder, { recursive: true });
});

it("a folder that cannot be synced fails for everyone who asked, and only for them", async () => {
  const parent = await mkdtemp(join(tmpdir(), "kiln-sync-"));
  const missing = join(parent, "missing");
  const folders = new SharedFolderSync();
  const outcomes = await Promise.allSettled([folders.sync(missing), folders.sync(missing), folders.sync(missing)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  await folders.sync(parent);
  await rm(parent, { recursive: true });
});
