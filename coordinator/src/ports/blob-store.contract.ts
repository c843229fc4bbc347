import { createHash } from "node:crypto";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ResumableBlobStore } from "./blob-uploads.ts";

export interface OpenedBlobStore extends AsyncDisposable {
  readonly store: ResumableBlobStore;
  /** The limit it was opened with; at least 1 MiB, small enough to exceed in a test. */
  readonly blobBytesMax: number;
  /** The same bytes through a store that is opened anew, as after a restart. */
  reopen(): Promise<ResumableBlobStore>;
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
    resuming(() => opened);
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

function resuming(opened: () => OpenedBlobStore): void {
  const bytes = pseudoRandomBytes(700_001);
  const digest = sha256(bytes);

  /** Uploads the first half from `fromBytes` on, then breaks; says how much is kept. */
  async function breakInHalf(store: ResumableBlobStore, fromBytes = 0, sent = bytes): Promise<number> {
    const broken = Readable.from(breakAfter(sent.subarray(fromBytes), 350_000 - fromBytes), { objectMode: false });
    await expect(store.upload(digest, broken, fromBytes)).rejects.toThrow("the cable was pulled");
    return store.receivedBytes(digest);
  }

  it("goes on with a broken upload, also after it is opened anew, and keeps one blob", async () => {
    const { store, reopen, keptFiles } = opened();
    expect(await store.receivedBytes(digest)).toBe(0);
    const first = await breakInHalf(store);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(350_000);
    const second = await breakInHalf(store, first - 1_000);
    expect(second).toBeGreaterThanOrEqual(first - 1_000);
    const again = await reopen();
    expect(await again.receivedBytes(digest)).toBe(second);
    expect(await again.size(digest)).toBeNull();
    expect(await again.upload(digest, inChunks(bytes.subarray(second), 10_000), second)).toEqual({
      ok: true,
      stored: true,
      sizeBytes: bytes.byteLength,
    });
    expect(bytes.equals(await buffer(again.read(digest)))).toBe(true);
    expect([await again.receivedBytes(digest), await keptFiles()]).toEqual([bytes.byteLength, 1]);
    const idle = inChunks(bytes, 10_000);
    expect(await again.upload(digest, idle, 0)).toEqual({ ok: true, stored: false, sizeBytes: bytes.byteLength });
  });

  it("starts anew from 0, and in the middle overwrites what is there", async () => {
    const { store, keptFiles } = opened();
    await breakInHalf(store, 0, Buffer.alloc(bytes.byteLength));
    expect(await store.upload(digest, inChunks(bytes, 10_000), 0)).toMatchObject({ ok: true, stored: true });
    expect(bytes.equals(await buffer(store.read(digest)))).toBe(true);
    expect(await keptFiles()).toBe(1);
  });

  it("keeps nothing when the whole has another digest or is over the limit", async () => {
    const { store, blobBytesMax, keptFiles } = opened();
    for (const [rest, reason] of [
      [bytes.subarray(350_001), "digest-mismatch"],
      [Buffer.alloc(blobBytesMax), "too-large"],
    ] as const) {
      const received = await breakInHalf(store);
      expect(await store.upload(digest, inChunks(rest, 65_536), received)).toMatchObject({ ok: false, reason });
      expect([await store.receivedBytes(digest), await keptFiles()]).toEqual([0, 0]);
    }
  });

  it("does not go on from beyond what came, and reads nothing", async () => {
    const { store } = opened();
    const receivedBytes = await breakInHalf(store);
    const rest = inChunks(bytes.subarray(receivedBytes + 1), 10_000);
    const outcome = await store.upload(digest, rest, receivedBytes + 1);
    expect(outcome).toEqual({ ok: false, reason: "beyond-received", receivedBytes });
    expect(rest.readableDidRead).toBe(false);
  });

  it("lets one go on at a time; who sends the whole does not wait for it", async () => {
    const { store, keptFiles } = opened();
    const received = await breakInHalf(store);
    const rest = new PassThrough();
    const first = store.upload(digest, rest, received);
    const second = await store.upload(digest, inChunks(bytes.subarray(received), 10_000), received);
    expect(second).toEqual({ ok: false, reason: "under-way" });
    expect(await store.upload(digest, inChunks(bytes, 10_000), 0)).toMatchObject({ ok: true, stored: true });
    rest.end(bytes.subarray(received));
    expect(await first).toEqual({ ok: true, stored: false, sizeBytes: bytes.byteLength });
    expect(await keptFiles()).toBe(1);
  });

  it("keeps nothing of an upload of which nothing came", async () => {
    const { store, keptFiles } = opened();
    const gone = inChunks(bytes, 1_000);
    const upload = store.upload(digest, gone, 0);
    gone.destroy(new Error("gone at once"));
    await expect(upload).rejects.toThrow("gone at once");
    expect([await store.receivedBytes(digest), await keptFiles()]).toEqual([0, 0]);
    await expect(store.upload("abc", inChunks(bytes, 1_000), 0)).rejects.toThrow("SHA-256");
    await expect(store.receivedBytes("abc")).rejects.toThrow("SHA-256");
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
