import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeArchive } from "../testing/python-archive.ts";
import { tempDir } from "../testing/temp-dir.ts";
import { readSdist } from "./sdist.ts";

const PKG_INFO = `Metadata-Version: 2.1
Name: Hello-Native
Version: 1.0rc1
Summary: Ünïcode: with a colon
Description: first
        continued
Requires-Python: >=3.9, !=3.10.0

Name: in-the-body
`;

test.each(["hello_native-1.0rc1.tar.gz", "hello-native-1.0rc1.zip"])(
  "%s gives the facts of its PKG-INFO",
  async (filename) => {
    await using dir = await tempDir();
    const path = join(dir.path, filename);
    await makeArchive(path, {
      "hello_native-1.0rc1/src/other/PKG-INFO": "Name: other\nVersion: 9\n",
      "hello_native-1.0rc1/PKG-INFO": PKG_INFO,
      "hello_native-1.0rc1/kiln.yaml": "python: ['3.12']\n",
    });
    expect(await readSdist(path)).toEqual({
      facts: {
        name: "Hello-Native",
        version: "1.0rc1",
        requiresPython: ">=3.9, !=3.10.0",
        requiresDist: null,
        factsFrom: "hello_native-1.0rc1/PKG-INFO",
      },
      spec: { text: "python: ['3.12']\n", file: `${filename}/hello_native-1.0rc1/kiln.yaml` },
    });
  },
);

test("an sdist without kiln.yaml has no spec", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "a-1.tar.gz");
  await makeArchive(path, { "a-1/PKG-INFO": "Name: a\nVersion: 1\n" });
  expect((await readSdist(path)).spec).toBeNull();
});

test("an archive without PKG-INFO is no sdist", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "a-1.tar.gz");
  await makeArchive(path, { "a-1/setup.py": "", "PKG-INFO": "Name: a\nVersion: 1\n" });
  await expect(readSdist(path)).rejects.toThrow("it has no PKG-INFO in a top-level folder");
});

test("a PKG-INFO without a version is refused", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "a-1.zip");
  await makeArchive(path, { "a-1/PKG-INFO": "Name: a\n" });
  await expect(readSdist(path)).rejects.toThrow("lacks a Name or a Version");
});

test.each([
  ["a-1.tar.gz", "not a readable .tar.gz"],
  ["a-1.zip", "not a readable .zip: it has no central directory"],
  ["a-1-py3-none-any.whl", "is not an sdist"],
])("a damaged or foreign %s is refused in words", async (filename, message) => {
  await using dir = await tempDir();
  const path = join(dir.path, filename);
  await writeFile(path, "this is no archive at all");
  await expect(readSdist(path)).rejects.toThrow(message);
});

test("a PKG-INFO larger than the limit is not read into memory", async () => {
  await using dir = await tempDir();
  const path = join(dir.path, "a-1.tar.gz");
  await makeArchive(path, { "a-1/PKG-INFO": "Name: a\nVersion: 1\n" + "\n".repeat(2 * 1024 * 1024) });
  await expect(readSdist(path)).rejects.toThrow("it has no PKG-INFO");
});
