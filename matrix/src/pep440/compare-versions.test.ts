import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareVersions, localOf, normalVersion, withoutLocal } from "./compare-versions.ts";

/** PEP 440, "Summary of permitted suffixes and relative ordering", and its examples; oldest first. */
const ORDERED = [
  "0",
  "0.9",
  "1.dev0",
  "1.0.dev456",
  "1.0a1",
  "1.0a2.dev456",
  "1.0a12.dev456",
  "1.0a12",
  "1.0b1.dev456",
  "1.0b2",
  "1.0b2.post345.dev456",
  "1.0b2.post345",
  "1.0rc1.dev456",
  "1.0rc1",
  "1.0",
  "1.0+abc.5",
  "1.0+abc.7",
  "1.0+cpu",
  "1.0+cu118",
  "1.0+cu121",
  "1.0+cu121.1",
  "1.0+cu121torch2.1",
  "1.0+ubuntu-1",
  "1.0+5",
  "1.0+5.a",
  "1.0+5.1",
  "1.0+10",
  "1.0.post456.dev34",
  "1.0.post456",
  "1.0.15",
  "1.1.dev1",
  "1.1",
  "1.10",
  "2013.10",
  "1!0.5",
  "1!1.0",
];

describe("versions", () => {
  test("are ordered as PEP 440 orders its examples", () => {
    for (const [index, a] of ORDERED.entries()) {
      for (const [other, b] of ORDERED.entries()) {
        expect(Math.sign(compareVersions(a, b)), `${a} against ${b}`).toBe(Math.sign(index - other));
      }
    }
  });

  test.for([
    ["1.1a1", "1.1.alpha1"],
    ["1.1rc1", "1.1-c_1"],
    ["1.1rc0", "1.1.preview"],
    ["1.2.post2", "1.2-2"],
    ["1.2.post2", "1.2.rev2"],
    ["1.2.dev0", "1.2-dev"],
    ["1.0", "v1.0"],
    ["1", "1.0.0"],
    ["1.0+ubuntu.1", "1.0+UBUNTU-1"],
    ["1.0+7", "1.0+007"],
    ["1.0a5", "1.0a005"],
  ] as const)("%s and %s are spellings of one version", ([a, b]) => {
    expect(compareVersions(a, b)).toBe(0);
  });

  test("a local version is newer than its public version and older than the next post-release", () => {
    expect(compareVersions("1.0+cu118", "1.0")).toBeGreaterThan(0);
    expect(compareVersions("1.0+cu118", "1.0.post0.dev0")).toBeLessThan(0);
    expect(compareVersions("1.0+cu118", "1.0.1.dev0")).toBeLessThan(0);
  });

  test.for(["1e5", "12e4", "0x1f", "0b1", "infinity", "nan"])(
    "the segment %s of a local version is text: a hash of a commit is older than every number",
    (hash) => {
      expect(compareVersions(`1.0+${hash}`, "1.0+0")).toBeLessThan(0);
      expect(compareVersions(`1.0+a.${hash}`, "1.0+a.0")).toBeLessThan(0);
      expect(compareVersions(`1.0+${hash}`, "1.0")).toBeGreaterThan(0);
    },
  );

  test("numbers of a local version are exact, however long", () => {
    expect(compareVersions("1.0+99999999999999999999", "1.0+99999999999999999998")).toBeGreaterThan(0);
    expect(compareVersions("1.0+100000000000000000000", "1.0+99999999999999999999")).toBeGreaterThan(0);
  });
});

test.for([
  ["v1.0-RC1+CU118-Torch_2.1", "1.0rc1+cu118.torch.2.1"],
  ["1!1.0.0", "1!1.0.0"],
  ["1.0+1e5", "1.0+1e5"],
  ["1.0-1", "1.0.post1"],
] as const)("the normal form of %s is %s", ([version, normal]) => {
  expect(normalVersion(version)).toBe(normal);
  expect(normalVersion(normal)).toBe(normal);
});

test("a version is its public version and its local version", () => {
  expect(withoutLocal("1.0+cu118")).toBe("1.0");
  expect(localOf("1.0+CU118-1")).toBe("cu118.1");
  expect(localOf("1.0")).toBeNull();
});

const number = fc.integer({ min: 0, max: 20 });
const maybe = (prefix: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant(""),
    number.map((value) => `${prefix}${value}`),
  );
const segment = fc.oneof(number.map(String), fc.constantFrom("cu118", "cu121", "1e5", "cpu", "0x1f", "a", "b1"));
const local = fc
  .array(segment, { maxLength: 3 })
  .map((segments) => (segments.length === 0 ? "" : `+${segments.join(".")}`));
const version = fc
  .tuple(
    fc.constantFrom("", "", "1!"),
    fc.array(number, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(".")),
    fc.oneof(maybe("a"), maybe("b"), maybe("rc")),
    maybe(".post"),
    maybe(".dev"),
    local,
  )
  .map((parts) => parts.join(""));

test("the order of versions is total", () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(0 - Math.sign(compareVersions(b, a)));
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0)
        expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
      expect(compareVersions(a, normalVersion(a))).toBe(0);
    }),
  );
});
