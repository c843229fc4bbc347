import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runChild } from "../program/run-child.ts";
import { tempDir } from "./temp-dir.ts";

const PROGRAM = `
import io, json, sys, tarfile, zipfile
target, files = sys.argv[1], json.load(open(sys.argv[2]))
if target.endswith(".zip"):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
else:
    with tarfile.open(target, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, text in files.items():
            data = text.encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
`;

/** Makes an archive as Python's own modules do, from texts by path. */
export async function makeArchive(target: string, files: Readonly<Record<string, string>>): Promise<void> {
  await using dir = await tempDir();
  const list = join(dir.path, "files.json");
  await writeFile(list, JSON.stringify(files));
  const result = await runChild("python3", ["-c", PROGRAM, target, list], { timeoutMs: 30_000 });
  if (result.exitCode !== 0) throw new Error(`python3 made no archive: ${result.stderr}`);
}

const LIST = `
import json, sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    print(json.dumps([[m.name, oct(m.mode), m.mtime, m.uid, m.linkname, archive.extractfile(m).read().decode() if m.isfile() else None] for m in archive]))
`;

export type ArchiveEntry = readonly [
  name: string,
  mode: string,
  mtime: number,
  uid: number,
  linkname: string,
  text: string | null,
];

/** What Python's tarfile finds in an archive. */
export async function readArchive(path: string): Promise<readonly ArchiveEntry[]> {
  const result = await runChild("python3", ["-c", LIST, path], { timeoutMs: 30_000 });
  if (result.exitCode !== 0) throw new Error(`python3 reads no archive: ${result.stderr}`);
  return JSON.parse(result.stdout.toString("utf8")) as ArchiveEntry[];
}
