import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Header } from "tar";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "@kiln/testkit";
import { unpackSource } from "./unpack-source.ts";

interface Entry {
  readonly path: string;
  readonly type?: "File" | "Directory" | "SymbolicLink" | "Link" | "CharacterDevice";
  readonly linkpath?: string;
  readonly content?: string;
  readonly mtimeMs?: number;
}

/** Writes an archive entry by entry, as no well-meaning packer would. */
function archive(entries: readonly Entry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { path, type = "File", linkpath = "", content = "", mtimeMs = 0 } of entries) {
    const header = new Header({
      path,
      type,
      linkpath,
      size: content.length,
      mode: 0o644,
      mtime: new Date(mtimeMs),
      uid: 0,
      gid: 0,
    });
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    body.write(content);
    blocks.push(block, body);
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

async function unpack(entries: readonly Entry[], check?: (folder: string) => void) {
  using folder = temporaryFolder();
  const path = join(folder.path, "a.tar.gz");
  writeFileSync(path, archive(entries));
  const result = await unpackSource(path, join(folder.path, "out"));
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
    ["nothing", [], "no readable .tar.gz"],
  ])("with %s is refused, and nothing is written outside", async (_, entries, reason) => {
    const result = await unpack(entries, (folder) => expect(readdirSync(folder).sort()).toEqual(["a.tar.gz", "out"]));
    expect(result).toEqual({ ok: false, message: expect.stringContaining(reason) });
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
