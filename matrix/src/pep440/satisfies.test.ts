import { describe, expect, test } from "vitest";
import { satisfies } from "./satisfies.ts";

// [specifiers, versions that satisfy it, versions that do not]: PEP 440, "Version specifiers".
const VECTORS: readonly (readonly [specifiers: string, yes: string, no: string])[] = [
  // Compatible release
  ["~=2.2", "2.2 2.3 2.2.post3 2.10.1", "2.1 3.0 2.2rc1"],
  ["~=1.4.5", "1.4.5 1.4.6 1.4.50", "1.4.4 1.5 1.5.0"],
  ["~=2.2.post3", "2.2.post3 2.3", "2.2 2.2.post2 3.0"],
  ["~=1.4.5a4", "1.4.5a4 1.4.5 1.4.9", "1.4.5a3 1.5"],
  ["~=2.2.0", "2.2 2.2.9", "2.3"],
  ["~=1!1.0", "1!1.0 1!1.9", "1.0 1!2.0"],
  // Matching, with prefixes and zeros
  ["==1.1", "1.1 1.1.0 1.1+local.1", "1.1.post1 1.1a1 1.1.1"],
  ["==1.1.post1", "1.1.post1 1.1-1", "1.1"],
  ["==1.1.*", "1.1 1.1.0 1.1.post1 1.1a1 1.1.1 1.1.dev5", "1.2 1 1.10 1!1.1"],
  ["==1.1.0.*", "1.1 1.1.0.5 1.1a1", "1.1.1"],
  ["==1.0+cu118", "1.0+cu118 1.0+CU118 1.0.0+cu118", "1.0 1.0+cu121"],
  ["==1.0+1e5", "1.0+1e5", "1.0+100000"],
  ["!=1.1", "1.1.post1 1.1a1 1.2", "1.1 1.1.0 1.1+cu118"],
  ["!=1.1.*", "1.2 1.0", "1.1 1.1.post1 1.1rc1"],
  // Inclusive order: a local version counts as its public version
  [">=2.1", "2.1 2.1.0 2.1+cu118 2.2.dev1 3", "2.0.9 2.1rc1"],
  ["<=2.1", "2.1 2.1+cu118 2.1rc1 2.0", "2.1.post1 2.1.0.1"],
  // Exclusive order
  [">1.7", "1.7.1 1.8 2.0a1", "1.7 1.7.0 1.7.0.post1 1.7+cu118 1.6"],
  [">1.7.post2", "1.7.1 1.7.0.post3", "1.7.0 1.7.post2 1.7.post2+cu118"],
  [">1.7rc1", "1.7rc2 1.7 1.7.post1 1.7.1", "1.7rc1 1.7rc1.post1 1.7b9"],
  ["<1.7", "1.6 1.6.9", "1.7 1.7rc1 1.7.dev3 1.7a1.post1"],
  ["<1.7rc1", "1.7b2 1.7.dev1 1.6", "1.7rc1 1.7"],
  ["<1.7.post1", "1.7 1.7rc1 1.7.post0", "1.7.post1 1.7.post1.dev2"],
  // Arbitrary equality
  ["===1.0", "1.0", "1 1.0.0 1.0+cu118"],
  ["===1.0+Foo", "1.0+foo", "1.0"],
  // Sets
  [">=2.1,<2.4", "2.1 2.3.9 2.3.1+cu121", "2.0 2.4 2.4rc1"],
  ["~=0.9, >=1.0, !=1.3.4.*, <2.0", "", "0.9 1.0"],
  [">= 3.6,", "3.6 3.12", "3.5"],
  ["", "0 1.0rc1 1.0+x", ""],
];

describe.for(VECTORS)("%j", ([specifiers, yes, no]) => {
  test("admits what PEP 440 says, and nothing else", () => {
    const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
    for (const version of words(yes)) expect(satisfies(version, specifiers), version).toBe(true);
    for (const version of words(no)) expect(satisfies(version, specifiers), version).toBe(false);
  });
});

test("what is no version or no specifier set admits nothing", () => {
  expect(satisfies("one", ">=1")).toBe(false);
  expect(satisfies("1.0", "^1")).toBe(false);
  expect(satisfies("1.0", ">=1.*")).toBe(false);
  expect(satisfies("1.0", "~=1")).toBe(false);
  expect(satisfies("1.0", ">=1.0+cu118")).toBe(false);
});
