import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkWheel, isWanted, type WheelCheck } from "../../domain/staging/check-wheel.ts";
import { parseDistribution } from "../../domain/staging/distribution-name.ts";
import { wheel, wheelEntries, zip, type ZipEntry } from "../../domain/staging/testing.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import { putBytes } from "../../services/testing-index.ts";
import { openDiskBlobStore } from "../disk/blob-store.ts";
import { createZipWheelReader } from "./wheel-reader.ts";
import { DEFAULT_ZIP_LIMITS } from "./zip-entries.ts";

const FILENAME = "demo-1.0-py3-none-any.whl";

let folder: string;
let blobs: BlobStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kiln-wheels-"));
  blobs = await openDiskBlobStore(folder, { blobBytesMax: 64 * 1024 * 1024 });
});
afterAll(() => rm(folder, { recursive: true }));

async function check(bytes: Uint8Array, filename = FILENAME, limits = DEFAULT_ZIP_LIMITS): Promise<WheelCheck> {
  const distribution = parseDistribution(filename);
  if (!distribution) throw new Error(`${filename} is no distribution`);
  const sha256 = await putBytes(blobs, bytes);
  const read = await createZipWheelReader(blobs, limits).read(sha256, bytes.byteLength, isWanted);
  return read.ok ? checkWheel(distribution, read.contents) : read;
}

async function refusal(bytes: Uint8Array, filename = FILENAME, limits = DEFAULT_ZIP_LIMITS): Promise<string> {
  const outcome = await check(bytes, filename, limits);
  return outcome.ok ? "it was taken" : outcome.reason;
}

const with_ = (...more: readonly ZipEntry[]) => zip([...wheelEntries(), ...more]);
const text = (path: string, content = "x"): ZipEntry => ({ path, bytes: Buffer.from(content) });

describe("a wheel", () => {
  it("that is what it says is taken, with its METADATA as it is in there", async () => {
    const outcome = await check(wheel({ metadata: ["Requires-Python: >=3.9,", " <4"] }));
    expect(outcome).toMatchObject({
      ok: true,
      metadata: { name: "demo", version: "1.0", requiresPython: ">=3.9, <4" },
    });
    if (outcome.ok) expect(Buffer.from(outcome.metadataFile).toString()).toContain("Metadata-Version: 2.1\n");
  });

  it("may spell its name and version in another equal way", async () => {
    const entries = wheelEntries({ name: "Demo_Pkg", version: "1.0" });
    expect(await check(zip(entries), "demo.pkg-1.0.0-py3-none-any.whl")).toMatchObject({ ok: true });
  });

  it("of thousands of files is read without a read of the disk for each", async () => {
    const files = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`demo/part_${n}.py`, `${n}`]));
    let reads = 0;
    const counted: BlobStore = {
      put: (sha256, bytes) => blobs.put(sha256, bytes),
      size: (sha256) => blobs.size(sha256),
      read: (sha256, range) => {
        reads += 1;
        return blobs.read(sha256, range);
      },
    };
    const bytes = wheel({ files });
    const sha256 = await putBytes(blobs, bytes);
    const read = await createZipWheelReader(counted).read(sha256, bytes.byteLength, isWanted);
    expect(read).toMatchObject({ ok: true });
    expect(reads).toBeLessThan(20);
  });

  it("is refused when it is another project's or version's", async () => {
    expect(await refusal(wheel({ name: "other" }))).toBe("its other-1.0.dist-info is not that of its file name");
    expect(await refusal(wheel({ version: "2.0" }))).toBe("its demo-2.0.dist-info is not that of its file name");
    const entries = wheelEntries({ name: "other" }).map((entry) => ({
      ...entry,
      path: entry.path.replace("other-1.0.dist-info", "demo-1.0.dist-info"),
    }));
    expect(await refusal(zip(entries))).toBe("its METADATA says other 1.0, its file name something else");
  });

  it("is refused when METADATA is not there, or says things twice", async () => {
    expect(await refusal(zip([text("demo.py")]))).toBe("it has no .dist-info folders where there must be one");
    expect(await refusal(zip([text("demo-1.0.dist-info/WHEEL")]))).toBe("it has no demo-1.0.dist-info/METADATA");
    expect(await refusal(with_(text("evil-1.0.dist-info/METADATA")))).toBe(
      "it has 2 .dist-info folders where there must be one",
    );
    expect(await refusal(wheel({ metadata: ["Name: evil"] }))).toBe('its METADATA has 2 "name"');
  });

  it("is refused when its RECORD lies", async () => {
    expect(await refusal(with_(text("sneaked.py")))).toBe("it has sneaked.py, which its RECORD does not list");
    expect(await refusal(wheel({ record: (record) => `${record}ghost.py,,\n` }))).toBe(
      "its RECORD lists ghost.py, which it does not have",
    );
    const longer = (record: string) => record.replace(/^(demo\.py,sha256=[^,]+),\d+$/m, "$1,999");
    expect(await refusal(wheel({ record: longer }))).toBe("demo.py has 16 bytes, its RECORD says 999");
    expect(await refusal(wheel({ record: (record) => `${record}demo.py,,\n` }))).toBe("its RECORD lists demo.py twice");
    expect(await refusal(wheel({ record: () => "what\n" }))).toBe('line 1 of its RECORD is not "path,hash,size"');
  });

  it("is refused when its archive is made to hurt", async () => {
    expect(await refusal(with_(text("demo.py")))).toBe("it has demo.py twice");
    expect(await refusal(with_(text("../../escape.py")))).toMatch(/not a readable zip archive: .*\.\./);
    expect(await refusal(with_(text("/etc/passwd")))).toMatch(/not a readable zip archive: absolute path/);
    expect(await refusal(with_(text("demo\\evil.py")))).toMatch(/not a readable zip archive: invalid characters/);
    expect(await refusal(with_({ ...text("link", "/etc/passwd"), mode: 0o120777 }))).toBe(
      "link in it is a symbolic link",
    );
  });

  it("is refused when it would unpack to far more than it is", async () => {
    const claims = with_({ path: "bomb", bytes: Buffer.alloc(10), claimedBytes: 4_000_000_000 });
    expect(await refusal(claims)).toMatch(/^it would unpack to 40000\d+ bytes, more than 50 times its size$/);
  });

  it("is refused when METADATA has more bytes than the archive or the limit says", async () => {
    const entries = wheelEntries();
    const lying = entries.map((entry) =>
      entry.path.endsWith("/METADATA") ? { ...entry, bytes: Buffer.alloc(30_000_000, "x"), claimedBytes: 40 } : entry,
    );
    expect(await refusal(zip(lying))).toMatch(/not a readable zip archive: too many bytes/);
    const limits = { ...DEFAULT_ZIP_LIMITS, fileBytesMax: 30 };
    expect(await refusal(wheel(), FILENAME, limits)).toMatch(/METADATA in it has \d+ bytes, more than 30$/);
  });

  it("is refused when it has more entries or longer names than allowed", async () => {
    const few = { ...DEFAULT_ZIP_LIMITS, entriesMax: 3 };
    expect(await refusal(wheel(), FILENAME, few)).toBe("it has 4 entries, more than 3");
    const short = { ...DEFAULT_ZIP_LIMITS, nameBytesMax: 40 };
    expect(await refusal(wheel(), FILENAME, short)).toBe("the names in it have more than 40 bytes");
  });

  it("is refused, and never more than that, when any of its bytes is another", async () => {
    const bytes = wheel();
    for (const cut of [0, 1, 21, 22, 100, bytes.length - 1]) {
      expect(await refusal(bytes.subarray(0, cut))).toMatch(/not a readable zip archive/);
    }
    const flips = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(flips, async ([at, by]) => {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ by;
        const outcome = await check(flipped);
        // A flip in what no check reads (a file's own bytes, a date) is for the digest to find.
        expect(outcome.ok || outcome.reason.length > 5).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
