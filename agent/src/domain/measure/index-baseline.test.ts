import { expect, test } from "vitest";
import { baselineRequirement, chooseFile, readIndexAnswer } from "./index-baseline.ts";

test.for([
  ["2.0", "pkg<2.0"],
  // A bound that is a pre-release would admit others (PEP 440).
  ["2.0rc1", "pkg<2.0"],
  ["2.0.dev3", "pkg<2.0"],
  ["2.0rc1.post1", "pkg<2.0"],
  ["2.0.post1", "pkg<2.0.post1"],
  ["2.0.post1.dev2", "pkg<2.0.post1"],
  ["1!2.0+cu118", "pkg<1!2.0"],
  ["of today", null],
] as const)("the newest release below %s is asked for as %s", ([version, requirement]) => {
  expect(baselineRequirement({ name: "pkg", version }, { version: null })).toBe(requirement);
});

test("a version that is named is asked for as it is", () => {
  expect(baselineRequirement({ name: "pkg", version: "2.0" }, { version: "1.0rc1" })).toBe("pkg==1.0rc1");
});

test.for([
  ["1.9", "2.0", null, { kind: "take" }],
  ["1.9+cu118", "2.0+cu118", null, { kind: "take" }],
  ["1.9+cu121", "2.0+cu118", null, { kind: "ask", version: "1.9+cu118" }],
  ["1.9+cu121", "2.0+cu118", "1.9", { kind: "ask", version: "1.9+cu118" }],
  ["1.9+cu121", "2.0+cu118", "1.9+cu121", { kind: "take" }],
  // An index that takes no local versions has one variant.
  ["1.9", "2.0+cu118", null, { kind: "take" }],
  ["1.9+cu121", "2.0", null, { kind: "take" }],
  ["2.0rc1", "2.0", "2.0rc1", { kind: "take" }],
] as const)("%s beside %s, where %s is wanted", ([found, candidate, version, choice]) => {
  expect(chooseFile(found, candidate, { version })).toEqual(choice);
});

test("a pre-release is no last release, also where an index has nothing else", () => {
  expect(chooseFile("1.9b1", "2.0", { version: null })).toMatchObject({ kind: "refuse" });
});

const LAST = "ERROR: Could not find a version that satisfies the requirement pkg<2.0 (from versions: none)";

test("an index whose every page is missing does not know the project", () => {
  const output = [
    "Could not fetch URL http://a.example/simple/pkg/: 404 Client Error: Not Found for url: http://a.example/simple/pkg/ - skipping",
    "Skipping link: not a file: http://a.example/simple/pkg/",
    LAST,
  ].join("\n");
  expect(readIndexAnswer(output)).toEqual({ refusal: null, unknownProject: true, versions: [] });
  const other = `${output}\nFetched page http://b.example/simple/pkg/ as text/html`;
  expect(readIndexAnswer(other)).toMatchObject({ refusal: null, unknownProject: false });
});

test("a page that pip was refused is told, without its address", () => {
  const output = `Could not fetch URL http://a.example/simple/pkg/: 403 Client Error: Forbidden for url: http://a.example/simple/pkg/ - skipping\n${LAST}`;
  expect(readIndexAnswer(output)).toMatchObject({ refusal: "403 Client Error: Forbidden", unknownProject: false });
});

test("what pip saw without any page, as in a folder, says nothing of whether there is such a project", () => {
  expect(readIndexAnswer(LAST.replace("none", "2.0, 3.0"))).toEqual({
    ...{ refusal: null, unknownProject: false, versions: ["2.0", "3.0"] },
  });
});
