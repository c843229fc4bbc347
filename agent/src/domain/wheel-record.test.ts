import { expect, test } from "vitest";
import { recordLines } from "./wheel-record.ts";

test("a RECORD gives its paths, quoted ones too, and their hashes where it has them", () => {
  const record =
    'pkg/__init__.py,sha256=abc-_,12\r\n"pkg/with,comma.py",sha256=def==,3\n"a""b.py",,\npkg-1.0.dist-info/RECORD,,\n';
  expect(recordLines(record)).toEqual([
    { path: "pkg/__init__.py", hash: { algorithm: "sha256", digest: "abc-_" } },
    { path: "pkg/with,comma.py", hash: { algorithm: "sha256", digest: "def" } },
    { path: 'a"b.py', hash: null },
    { path: "pkg-1.0.dist-info/RECORD", hash: null },
  ]);
});
