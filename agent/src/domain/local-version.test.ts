import { expect, test } from "vitest";
import { localVersionStep, metadataWithVersion, movedRecord, publicVersion } from "./local-version.ts";

const NAME = (version: string) => `pkg-${version}-1-cp312-cp312-linux_x86_64.whl`;

test("a wheel without a local version gets it, one with the same has it, in whatever spelling", () => {
  expect(localVersionStep(NAME("1.0"), "cu118torch2.1")).toEqual({
    kind: "rewrite",
    version: "1.0+cu118torch2.1",
    filename: NAME("1.0+cu118torch2.1"),
  });
  expect(localVersionStep(NAME("1.0+CU118_torch2.1"), "cu118.torch2.1")).toEqual({ kind: "has-it" });
});

test("a wheel with a local version of its own is refused with what to do", () => {
  const step = localVersionStep(NAME("1.0+git1234"), "cu118");
  expect(step).toMatchObject({ kind: "refused" });
  expect(step.kind === "refused" && step.message).toContain("pkg 1.0+git1234, but this wheel is to have");
  expect(localVersionStep("pkg.zip", "cu118")).toMatchObject({ kind: "refused" });
  expect(publicVersion("1.0+cu118")).toBe("1.0");
});

test("METADATA changes in its headers only, and keeps its line ends", () => {
  const text = "Metadata-Version: 2.1\r\nName: pkg\r\nVersion: 1.0\r\n\r\nVersion: 1.0 is out\r\n";
  expect(metadataWithVersion(text, "1.0+x")).toBe(text.replace("Version: 1.0\r", "Version: 1.0+x\r"));
  expect(metadataWithVersion("Name: pkg\n\nVersion: 1.0\n", "1.0+x")).toBeNull();
});

test("RECORD follows the folders that moved, quoted paths included, and says what METADATA is now", () => {
  const folders = new Map([
    ["pkg-1.0.dist-info", "pkg-1.0+x.dist-info"],
    ["pkg-1.0.data", "pkg-1.0+x.data"],
  ]);
  const record = [
    "pkg/a.py,sha256=q,1",
    '"pkg-1.0.data/a,b.txt",sha256=q,1',
    "pkg-1.0.dist-info/METADATA,sha256=old,1",
    "pkg-1.0.dist-info/RECORD,,",
    "",
  ].join("\r\n");
  expect(movedRecord(record, folders, "sha256=new,2").split("\r\n")).toEqual([
    "pkg/a.py,sha256=q,1",
    '"pkg-1.0+x.data/a,b.txt",sha256=q,1',
    "pkg-1.0+x.dist-info/METADATA,sha256=new,2",
    "pkg-1.0+x.dist-info/RECORD,,",
    "",
  ]);
});
