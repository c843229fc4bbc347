import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "@kiln/testkit";
import { archive, type ArchiveEntry as Entry } from "../../testing/hostile-archive.ts";
import { unpackSource, type SourceLimits } from "./unpack-source.ts";

async function unpack(entries: readonly Entry[], check?: (folder: string) => void, limits?: SourceLimits) {
  using folder = temporaryFolder();
  const path = join(folder.path, "a.tar.gz");
  writeFileSync(path, archive(entries));
  const result = await unpackSource(path, join(folder.path, "out"), limits);
  check?.(folder.path);
  return result;
}

const TOP: Entry = { path: "pkg-1.0/", type: "Directory" };
const FILE: Entry = { path: "pkg-1.0/src/x.py", content: "x = 1\n" };

describe("unpacking a source", () => {
  test("leaves the contents of its top-level folder, links inside it included", async () => {
    const links: Entry[] = [
      { path: "pkg-1.0/link.py", type: "SymbolicLink", linkpath: "src/x.py" },
      { path: "pkg-1.0/src/up", type: "SymbolicLink", linkpath: "../src" },
      { path: "pkg-1.0/hard.py", type: "Link", linkpath: "pkg-1.0/src/x.py" },
    ];
    const result = await unpack([TOP, FILE, ...links], (folder) => {
      expect(readFileSync(join(folder, "out", "src", "x.py"), "utf8")).toBe("x = 1\n");
      expect(readFileSync(join(folder, "out", "link.py"), "utf8")).toBe("x = 1\n");
      expect(readFileSync(join(folder, "out", "hard.py"), "utf8")).toBe("x = 1\n");
      expect(statSync(join(folder, "out", "src", "up")).isDirectory()).toBe(true);
    });
    expect(result).toEqual({ ok: true, newestMtimeMs: 0 });
  });

  test("does not need an entry for the folder itself", async () => {
    expect(await unpack([FILE])).toMatchObject({ ok: true });
  });

  test("tells the time of the newest file, and folders have none", async () => {
    const entries: Entry[] = [
      { ...TOP, mtimeMs: 9_000_000 },
      { ...FILE, mtimeMs: 5_000_000 },
      { path: "pkg-1.0/setup.py", content: "", mtimeMs: 7_000_000 },
    ];
    expect(await unpack(entries)).toEqual({ ok: true, newestMtimeMs: 7_000_000 });
  });

  test.each<[string, readonly Entry[], string]>([
    ["a name with ..", [TOP, { path: "pkg-1.0/../../evil" }], "outside its folder"],
    ["an absolute name", [TOP, { path: "/etc/evil" }], "outside its folder"],
    ["a drive letter", [TOP, { path: "C:/evil" }], "outside its folder"],
    ["two top-level folders", [TOP, FILE, { path: "other/x" }], "more than one top-level folder"],
    ["a file at the top", [{ path: "setup.py" }], "not inside a top-level folder"],
    ["a link to outside", [TOP, { path: "pkg-1.0/l", type: "SymbolicLink", linkpath: "../../x" }], "link to outside"],
    [
      "an absolute link",
      [TOP, { path: "pkg-1.0/l", type: "SymbolicLink", linkpath: "/etc/passwd" }],
      "link to outside",
    ],
    ["a hard link to outside", [TOP, { path: "pkg-1.0/l", type: "Link", linkpath: "/etc/passwd" }], "link to outside"],
    ["a device", [TOP, { path: "pkg-1.0/d", type: "CharacterDevice" }], "CharacterDevice"],
    ["a block device", [TOP, { path: "pkg-1.0/d", type: "BlockDevice" }], "BlockDevice"],
    ["a pipe", [TOP, { path: "pkg-1.0/p", type: "FIFO" }], "FIFO"],
    [
      "a link that is written through",
      [
        TOP,
        { path: "pkg-1.0/out", type: "SymbolicLink", linkpath: "../.." },
        { path: "pkg-1.0/out/evil", content: "evil" },
      ],
      "link to outside",
    ],
    [
      "a link that leads outside by way of another",
      [
        TOP,
        { path: "pkg-1.0/a/b/up", type: "SymbolicLink", linkpath: "../.." },
        { path: "pkg-1.0/out", type: "SymbolicLink", linkpath: "a/b/up/.." },
        { path: "pkg-1.0/out/evil", content: "evil" },
      ],
      "",
    ],
    [
      "such a link that nothing is written through",
      [
        TOP,
        { path: "pkg-1.0/a/b/up", type: "SymbolicLink", linkpath: "../.." },
        { path: "pkg-1.0/out", type: "SymbolicLink", linkpath: "a/b/up/.." },
      ],
      "out leads to outside its folder by way of other links",
    ],
    ["a header that promises 5 GiB", [TOP, { path: "pkg-1.0/big", size: 5 * 1024 ** 3 }], "more than 4 GiB"],
    ["nothing", [], "no readable .tar.gz"],
  ])("with %s is refused, and nothing is written outside", async (_, entries, reason) => {
    const result = await unpack(entries, (folder) => expect(readdirSync(folder).sort()).toEqual(["a.tar.gz", "out"]));
    expect(result).toEqual({ ok: false, message: expect.stringContaining(reason) });
  });

  test("that unpacks to more than its limits is refused, and the rest of it is not unpacked", async () => {
    const limits = { entriesMax: 4, unpackedBytesMax: 1_000, freeBytes: 1e6, ratioMax: 100 };
    const file = (name: string, content = ""): Entry => ({ path: `pkg-1.0/${name}`, content });
    const many = [TOP, ...["a", "b", "c", "d", "e"].map((name) => file(name))];
    expect(await unpack(many, undefined, limits)).toEqual({ ok: false, message: "it has more than 4 entries" });
    const large = [TOP, file("a", "a".repeat(600)), file("b", "b".repeat(600))];
    expect(await unpack(large, undefined, limits)).toEqual({
      ok: false,
      message: "it unpacks to more than 1000 bytes",
    });
  });

  test("that is a bomb is refused by what it unpacks to for its size, also after the end of its entries", async () => {
    const message = "it unpacks to more than 100 times its size";
    const limits = { entriesMax: 10, unpackedBytesMax: 1e9, freeBytes: 1e6, ratioMax: 100 };
    const zeros = archive([TOP, { path: "pkg-1.0/zeros", content: "\0".repeat(8 * 1024 ** 2) }]);
    const trailing = gzipSync(Buffer.concat([gunzipSync(archive([TOP, FILE])), Buffer.alloc(8 * 1024 ** 2)]));
    for (const bytes of [zeros, trailing]) {
      using folder = temporaryFolder();
      const path = join(folder.path, "a.tar.gz");
      writeFileSync(path, bytes);
      expect(await unpackSource(path, join(folder.path, "out"), limits)).toEqual({ ok: false, message });
      // What is small anyway may be packed as well as it likes.
      const lenient = { ...limits, freeBytes: 16 * 1024 ** 2 };
      expect((await unpackSource(path, join(folder.path, "again"), lenient)).ok).toBe(true);
    }
  });

  test("that is no archive is refused", async () => {
    using folder = temporaryFolder();
    for (const bytes of [
      Buffer.from("not a tar"),
      gzipSync("not a tar either"),
      archive([TOP, FILE]).subarray(0, 60),
    ]) {
      const path = join(folder.path, "a.tar.gz");
      writeFileSync(path, bytes);
      expect((await unpackSource(path, join(folder.path, "out"))).ok).toBe(false);
    }
  });
});
