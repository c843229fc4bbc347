import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { expect, it, vi } from "vitest";
import { blobStoreContract, type OpenedBlobStore } from "../../ports/blob-store.contract.ts";
import type { BlobUploads } from "../../ports/blob-uploads.ts";
import { openDiskBlobStore, type DiskBlobStoreOptions } from "./blob-store.ts";

const BLOB_BYTES_MAX = 1024 * 1024;

async function openEmpty(
  options: Partial<DiskBlobStoreOptions> = {},
): Promise<OpenedBlobStore & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "kiln-blobs-"));
  const reopen = () => openDiskBlobStore(folder, { blobBytesMax: BLOB_BYTES_MAX, ...options });
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

blobStoreContract("a folder", () => openEmpty());

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

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Uploads the text without its last letter, then breaks. */
async function breakOff(store: BlobUploads, text: string): Promise<void> {
  const broken = new PassThrough();
  broken.write(text.slice(0, -1));
  const upload = store.upload(sha256(text), broken, 0);
  await untilRead(broken);
  broken.destroy(new Error("the cable was pulled"));
  await expect(upload).rejects.toThrow("the cable was pulled");
}

/** Until everything that was written has been handed on. */
async function untilRead(stream: PassThrough): Promise<void> {
  await vi.waitUntil(() => stream.readableDidRead && stream.readableLength === 0);
}

function received(store: BlobUploads, texts: readonly string[]): Promise<number[]> {
  return Promise.all(texts.map((text) => store.receivedBytes(sha256(text))));
}

it.each([
  ["number", { countMax: 2 }],
  ["bytes", { bytesMax: 8 }],
])("keeps to its bound of broken uploads, in %s, the newest staying, and counts what goes", async (_, partials) => {
  let dropped = 0;
  await using opened = await openEmpty({ partials, onPartialDropped: () => dropped++ });
  const texts = ["first", "other", "third"];
  for (const text of texts) await breakOff(opened.store, text);
  expect(await received(opened.store, texts)).toEqual([0, 4, 4]);
  expect([dropped, await opened.keptFiles()]).toEqual([1, 2]);
});

it("forgets a broken upload that is too old, also while it is closed", async () => {
  let nowMs = Date.now();
  await using opened = await openEmpty({ partials: { ageMaxMs: 3_600_000 }, nowMs: () => nowMs });
  await breakOff(opened.store, "early");
  nowMs += 3_600_001;
  expect(await received(opened.store, ["early"])).toEqual([0]);
  expect(await opened.store.upload(sha256("early"), Readable.from([Buffer.from("y")]), 4)).toMatchObject({
    reason: "beyond-received",
  });
  await breakOff(opened.store, "later");
  expect([await received(opened.store, ["early", "later"]), await opened.keptFiles()]).toEqual([[0, 4], 1]);
  nowMs += 7_200_000;
  await opened.reopen();
  expect(await opened.keptFiles()).toBe(0);
});
