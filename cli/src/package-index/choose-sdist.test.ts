import { expect, test } from "vitest";
import { chooseSdist, sdistVersion } from "./choose-sdist.ts";
import type { IndexFile } from "./simple-page.ts";

function files(...names: readonly string[]): readonly IndexFile[] {
  return names.map((filename) => ({ filename, url: `https://x.example/${filename}`, sha256: null, yanked: false }));
}

test.each([
  ["hello_native-1.0.tar.gz", "Hello.Native", "1.0"],
  ["Hello-Native-1.0.tar.gz", "hello_native", "1.0"],
  ["hello-native-1.0-1.zip", "hello-native", "1.0-1"],
  ["zope.interface-7.2.tar.gz", "zope-interface", "7.2"],
  ["hello-native-extra-1.0.tar.gz", "hello-native", null],
  ["hello_native-1.0-cp312-cp312-linux_x86_64.whl", "hello-native", null],
  ["hello_native-1.0.tar.bz2", "hello-native", null],
])("%s is of %s: %s", (filename, name, version) => {
  expect(sdistVersion(filename, name)).toBe(version);
});

test("equal versions (PEP 440) match, and .tar.gz comes before .zip", () => {
  const list = files("a-1.0.zip", "a-1.0.tar.gz", "a-1.0.1.tar.gz", "a-1.0rc1.tar.gz");
  const name = (version: string) => {
    const choice = chooseSdist(list, "a", version);
    return choice.kind === "found" ? choice.file.filename : choice.kind;
  };
  expect(name("1")).toBe("a-1.0.tar.gz");
  expect(name("1.0.0")).toBe("a-1.0.tar.gz");
  expect(name("1.0-rc.1")).toBe("a-1.0rc1.tar.gz");
});

test("a version that is not there lists those that are, the newest first", () => {
  expect(chooseSdist(files("a-1.9.tar.gz", "a-1.10.tar.gz", "b-9.tar.gz"), "a", "2")).toEqual({
    kind: "no-such-version",
    versions: ["1.10", "1.9"],
  });
});

test("a version that has wheels only is told from one that is not there", () => {
  expect(chooseSdist(files("a-2.0-py3-none-any.whl", "a-1.tar.gz"), "a", "2").kind).toBe("only-wheels");
});
