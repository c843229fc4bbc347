import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDir } from "../testing/temp-dir.ts";
import { prepareSource } from "./prepare.ts";

test("an sdist of 2 GB is refused by its size, and not for what is in it", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "huge-1.0.tar.gz");
  await using file = await open(path, "w");
  // Sparse: as large as it says, and next to nothing on the disk.
  await file.truncate(2 * 1024 ** 3);
  const options = { cwd: dir.path, env: {}, specFile: null, indexUrl: null, note: () => {} };
  const preparing = prepareSource({ ...options, source: path, signal: new AbortController().signal });
  await expect(preparing).rejects.toThrow("huge-1.0.tar.gz is refused: 2.0 GiB is more than 1.0 GiB");
});
