import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BlobStore } from "./blob-store.ts";

export interface OpenedBlobStore extends AsyncDisposable {
  readonly store: BlobStore;
  /** The limit it was opened with; at least 1 MiB, small enough to exceed in a test. */
  readonly blobBytesMax: number;
  /** The same bytes through a store that is opened anew, as after a restart. */
  reopen(): Promise<BlobStore>;
  /** How many blobs and leftovers are kept, where the adapter can tell. */
  keptFiles(): Promise<number>;
}

/** What every blob store promises. `open` gives an empty one. */
export function blobStoreContract(name: string, open: () => Promise<OpenedBlobStore>): void {
  describe(`${name} as a blob store`, () => {
    let opened: OpenedBlobStore;
    beforeEach(async () => void (opened = await open()));
    afterEach(() => opened[Symbol.asyncDispose]());

    storing(() => opened);
    refusing(() => opened);
    reading(() => opened);
  });
}

function storing(opened: () => OpenedBlobStore): void {
  it("gives back the bytes that were put, by their digest", async () => {
    const { store } = opened();
    for (const sizeBytes of [0, 1, 65_536, 700_001]) {
      const bytes = pseudoRandomBytes(sizeBytes);
      expect(await store.put(sha256(bytes), inChunks(bytes, 10_000))).toEqual({ ok: true, stored: true, sizeBytes });
      expect(await store.size(sha256(bytes))).toBe(sizeBytes);
      expect(bytes.equals(await buffer(store.read(sha256(bytes))))).toBe(true);
    }
  });

  it("says so when a digest is already there, and still checks the bytes", async () => {
    const { store } = opened();
    const bytes = pseudoRandomBytes(100_000);
    const other = pseudoRandomBytes(99_999);
    await store.put(sha256(bytes), inChunks(bytes, 10_000));
    const again = await store.put(sha256(bytes), inChunks(bytes, 33_333));
    expect(again).toEqual({ ok: true, stored: false, sizeBytes: 100_000 });
    const wrong = await store.put(sha256(bytes), inChunks(other, 10_000));
    expect(wrong).toEqual({ ok: false, reason: "digest-mismatch", actualSha256: sha256(other) });
    expect(bytes.equals(await buffer(store.read(sha256(bytes))))).toBe(true);
  });

  it("stores a digest once when many put it at the same time", async () => {
    const { store, keptFiles } = opened();
    const bytes = pseudoRandomBytes(300_000);
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, n) => store.put(sha256(bytes), inChunks(bytes, 1_000 + n * 7_777))),
    );
    expect(outcomes.filter((outcome) => outcome.ok && outcome.stored)).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.ok && !outcome.stored)).toHaveLength(11);
    expect(bytes.equals(await buffer(store.read(sha256(bytes))))).toBe(true);
    expect(await keptFiles()).toBe(1);
  });

  it("still has every blob after it is opened anew", async () => {
    const { store, reopen } = opened();
    const blobs = [10, 20_000, 300_000].map(pseudoRandomBytes);
    await Promise.all(blobs.map((bytes) => store.put(sha256(bytes), inChunks(bytes, 50_000))));
    const again = await reopen();
    for (const bytes of blobs) {
      expect(await again.size(sha256(bytes))).toBe(bytes.byteLength);
      expect(bytes.equals(await buffer(again.read(sha256(bytes))))).toBe(true);
    }
  });
}

function refusing(opened: () => OpenedBlobStore): void {
  it("keeps nothing of bytes that have another digest", async () => {
    const { store, keptFiles } = opened();
    const bytes = pseudoRandomBytes(200_000);
    const promised = sha256(pseudoRandomBytes(5));
    const outcome = await store.put(promised, inChunks(bytes, 10_000));
    expect(outcome).toEqual({ ok: false, reason: "digest-mismatch", actualSha256: sha256(bytes) });
    expect(await store.size(promised)).toBeNull();
    expect(await store.size(sha256(bytes))).toBeNull();
    expect(await keptFiles()).toBe(0);
  });

  it("takes a blob of exactly its limit and keeps nothing of a larger one", async () => {
    const { store, blobBytesMax, keptFiles } = opened();
    const larger = pseudoRandomBytes(blobBytesMax + 1);
    const largest = larger.subarray(1);
    expect(await store.put(sha256(larger), inChunks(larger, 65_536))).toEqual({
      ok: false,
      reason: "too-large",
      limitBytes: blobBytesMax,
    });
    expect(await store.size(sha256(larger))).toBeNull();
    expect(await keptFiles()).toBe(0);
    expect(await store.put(sha256(largest), inChunks(largest, 65_536))).toMatchObject({ ok: true, stored: true });
  });

  it("stops reading a stream that is over its limit, so that an endless one ends", async () => {
    const { store, blobBytesMax } = opened();
    let given = 0;
    const endless = new Readable({
      read() {
        given += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    expect(await store.put(sha256(Buffer.alloc(0)), endless)).toMatchObject({ ok: false, reason: "too-large" });
    expect(given).toBeLessThan(blobBytesMax + 8 * 1024 * 1024);
    endless.destroy();
  });

  it("throws and keeps nothing when the stream breaks, however early", async () => {
    const { store, keptFiles } = opened();
    const bytes = pseudoRandomBytes(100_000);
    for (const after of [0, 1, 50_000, 100_000]) {
      const broken = Readable.from(breakAfter(bytes, after), { objectMode: false });
      await expect(store.put(sha256(bytes), broken)).rejects.toThrow("the cable was pulled");
    }
    const gone = inChunks(bytes, 1_000);
    const put = store.put(sha256(bytes), gone);
    gone.destroy(new Error("gone at once"));
    await expect(put).rejects.toThrow("gone at once");
    expect(await store.size(sha256(bytes))).toBeNull();
    expect(await keptFiles()).toBe(0);
  });

  it("throws on anything that is not a lower-case hexadecimal SHA-256", async () => {
    const { store } = opened();
    for (const name of ["", "abc", "A".repeat(64), "g".repeat(64), `../${"a".repeat(61)}`, `${"a".repeat(64)}\n`]) {
      await expect(store.put(name, inChunks(Buffer.alloc(1), 1))).rejects.toThrow("SHA-256");
      await expect(store.size(name)).rejects.toThrow("SHA-256");
      expect(() => store.read(name)).toThrow("SHA-256");
    }
  });
}

function reading(opened: () => OpenedBlobStore): void {
  it("reads any range, both ends included", async () => {
    const { store } = opened();
    const bytes = pseudoRandomBytes(600_000);
    await store.put(sha256(bytes), inChunks(bytes, 100_000));
    for (const [start, end] of [
      [0, 0],
      [0, 599_999],
      [599_999, 599_999],
      [262_143, 262_144],
      [17, 400_000],
    ] as const) {
      const read = await buffer(store.read(sha256(bytes), { start, end }));
      expect(bytes.subarray(start, end + 1).equals(read)).toBe(true);
    }
  });

  it("knows nothing of a digest that was never put", async () => {
    const { store } = opened();
    const digest = sha256(pseudoRandomBytes(3));
    expect(await store.size(digest)).toBeNull();
    await expect(async () => buffer(store.read(digest))).rejects.toThrow();
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The same bytes for the same size, without a short period. */
function pseudoRandomBytes(sizeBytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let n = 0; n * 32 < sizeBytes; n++) blocks.push(createHash("sha256").update(`${sizeBytes}/${n}`).digest());
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

function inChunks(bytes: Buffer, chunkBytes: number): Readable {
  return Readable.from(breakAfter(bytes, null, chunkBytes), { objectMode: false });
}

function* breakAfter(bytes: Buffer, breakAt: number | null, chunkBytes = 10_000): Generator<Buffer> {
  const end = breakAt ?? bytes.byteLength;
  for (let at = 0; at < end; at += chunkBytes) yield bytes.subarray(at, Math.min(at + chunkBytes, end));
  if (breakAt !== null) throw new Error("the cable was pulled");
}
