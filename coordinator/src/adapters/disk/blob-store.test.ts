import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { blobStoreContract, type OpenedBlobStore } from "../../ports/blob-store.contract.ts";
import { openDiskBlobStore } from "./blob-store.ts";

const BLOB_BYTES_MAX = 1024 * 1024;

async function openEmpty(): Promise<OpenedBlobStore & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "kiln-blobs-"));
  const reopen = () => openDiskBlobStore(folder, { blobBytesMax: BLOB_BYTES_MAX });
  return {
    folder,
    store: await reopen(),
    blobBytesMax: BLOB_BYTES_MAX,
    reopen,
    keptFiles: async () => (await filesIn(folder)).length,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

blobStoreContract("a folder", openEmpty);

it("a blob lies in a folder of the first two digits of its digest", async () => {
  await using opened = await openEmpty();
  const sha256 = createHash("sha256").update("hello").digest("hex");
  await opened.store.put(sha256, Readable.from([Buffer.from("hello")]));
  expect(await filesIn(opened.folder)).toEqual([join(opened.folder, sha256.slice(0, 2), sha256.slice(2))]);
});

it("opening removes what an earlier process left half written", async () => {
  await using opened = await openEmpty();
  await mkdir(join(opened.folder, "tmp"), { recursive: true });
  await writeFile(join(opened.folder, "tmp", "half"), "half");
  await opened.reopen();
  expect(await opened.keptFiles()).toBe(0);
});

it("a disk that refuses leaves the source open, so that an answer can still be sent", async () => {
  await using opened = await openEmpty();
  await rm(join(opened.folder, "tmp"), { recursive: true });
  const source = Readable.from([Buffer.from("hello")]);
  const sha256 = createHash("sha256").update("hello").digest("hex");
  await expect(opened.store.put(sha256, source)).rejects.toMatchObject({ code: "ENOENT" });
  expect(source.destroyed).toBe(false);
});
