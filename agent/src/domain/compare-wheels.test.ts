import { expect, test } from "vitest";
import { compareWheels, type WheelFacts } from "./compare-wheels.ts";

const wheel = (sha256: string, members: Readonly<Record<string, string>>, filename = "a-1.0.whl"): WheelFacts => ({
  filename,
  sha256,
  members: Object.entries(members).map(([path, digest]) => ({ path, sha256: digest })),
});
const FIRST = wheel("1", { "a.py": "x", "a.so": "y", "a-1.0.dist-info/RECORD": "r" });

test("equal bytes are the same, whatever is in them", () => {
  expect(compareWheels(FIRST, FIRST)).toEqual({ reproducibility: "same-bytes", remark: null });
});

test("the same files in another order are the same content", () => {
  const second = wheel("2", { "a.so": "y", "a-1.0.dist-info/RECORD": "r", "a.py": "x" });
  expect(compareWheels(FIRST, second).reproducibility).toBe("same-content");
});

test("what differs is named, and the RECORD that follows from it is not", () => {
  const second = wheel("2", { "a.py": "x", "a.so": "z", "b.py": "q", "a-1.0.dist-info/RECORD": "s" });
  expect(compareWheels(FIRST, second)).toEqual({
    reproducibility: "different",
    remark: "a second build differs in a.so, b.py (only the second has it)",
  });
  const record = wheel("2", { "a.py": "x", "a.so": "y", "a-1.0.dist-info/RECORD": "s" });
  expect(compareWheels(FIRST, record).remark).toBe("a second build differs in a-1.0.dist-info/RECORD");
});

test("only the first few of many are named, with the number of the rest", () => {
  const many = (digest: string) => Object.fromEntries([...Array(9).keys()].map((n) => [`${n}.py`, digest]));
  const { remark } = compareWheels(wheel("1", many("x")), wheel("2", many("y")));
  expect(remark).toBe("a second build differs in 0.py, 1.py, 2.py, 3.py, 4.py and 4 more");
});

test("another file name is another wheel", () => {
  const { reproducibility, remark } = compareWheels(FIRST, { ...FIRST, filename: "a-1.1.whl" });
  expect([reproducibility, remark]).toEqual([
    "different",
    "a second build made another file: a-1.1.whl and not a-1.0.whl",
  ]);
});
