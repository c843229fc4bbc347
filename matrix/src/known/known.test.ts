import { describe, expect, test } from "vitest";
import { admits, isSpecifierSet } from "./admits.ts";
import { comparePlatforms, KNOWN_PLATFORMS } from "./platforms.ts";
import { comparePythons, KNOWN_PYTHONS, knownPython } from "./pythons.ts";

describe("known Pythons", () => {
  test("are CPython 3.8 to 3.15 and the free-threaded ones, in order, each with its source", () => {
    expect(KNOWN_PYTHONS.map(({ feature }) => feature).join(" ")).toBe(
      "3.8 3.9 3.10 3.11 3.12 3.13 3.13t 3.14 3.14t 3.15 3.15t",
    );
    for (const python of KNOWN_PYTHONS) {
      expect(python.source).not.toBe("");
      expect(python.newest.startsWith(`${python.feature.replace("t", "")}.`)).toBe(true);
      expect(python.freeThreaded).toBe(python.feature.endsWith("t"));
    }
    expect(knownPython("3.7")).toBeUndefined();
  });

  test("sort by number, not by text", () => {
    expect(["3.13t", "3.9", "3.10", "3.13", "3.8", "2.7", "pypy"].toSorted(comparePythons)).toEqual([
      "pypy",
      "2.7",
      "3.8",
      "3.9",
      "3.10",
      "3.13",
      "3.13t",
    ]);
  });
});

test("platforms sort as they are listed, unknown ones after them by name", () => {
  expect(["zos", "windows-x86_64", "aix", "linux-x86_64"].toSorted(comparePlatforms)).toEqual([
    "linux-x86_64",
    "windows-x86_64",
    "aix",
    "zos",
  ]);
  expect([...KNOWN_PLATFORMS].toSorted(comparePlatforms)).toEqual(KNOWN_PLATFORMS);
});

describe("admits", () => {
  test.for([
    [">=3.9", "3.8", false],
    [">=3.9", "3.9", true],
    [">=3.9", "3.13t", true],
    [">=3.9.1", "3.9", true],
    [">3.8", "3.8", true],
    ["!=3.9.7", "3.9", true],
    ["!=3.9.25", "3.9", true],
    ["!=3.9.*", "3.9", false],
    ["!=3.9.*", "3.10", true],
    ["==3.12.*", "3.12", true],
    ["==3.12.*", "3.13", false],
    ["~=3.8", "3.14", true],
    ["~=3.8.2", "3.8", true],
    ["~=3.8.2", "3.9", false],
    ["<3.13", "3.12", true],
    ["<3.13", "3.13", false],
    ["<=3.9", "3.9", false],
    ["<4", "3.15", true],
    [">=3.14.99", "3.14", true],
    [">=2.7, !=3.0.*, !=3.1.*, <4", "3.10", true],
    [">=3.6,", "3.8", true],
    ["", "3.8", true],
  ] as const)("%j on %s is %s", ([specifiers, feature, expected]) => {
    expect(admits(specifiers, feature)).toBe(expected);
  });

  test.for([">=3.6.*", "3.9", "^3.9", ">=three", ">=3.9 <4"])("%j is no specifier set", (text) => {
    expect(isSpecifierSet(text)).toBe(false);
  });
});
