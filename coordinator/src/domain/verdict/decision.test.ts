import { expect, test } from "vitest";
import { approvalFacts, type ApprovalRow } from "./decision.ts";

const row: ApprovalRow = { who: "token:ada", role: "releaser", onBehalfOf: "grace", digest: "d", atMs: 1 };

test("an approval counts by its token's name and role; what was only said, or is of before, counts for nothing", () => {
  expect(approvalFacts([row])).toEqual([{ who: "ada", role: "releaser", digest: "d", atMs: 1 }]);
  expect(approvalFacts([{ ...row, who: "nobody", role: null, onBehalfOf: "ada" }])).toEqual([]);
  expect(approvalFacts([{ ...row, role: "submitter" }])).toEqual([]);
});

test("a token that is called as the owner is not the owner", () => {
  const names = approvalFacts([
    { ...row, who: "owner", role: "operator" },
    { ...row, who: "token:owner" },
  ]).map(({ who }) => who);
  expect(names).toEqual(["owner", "token:owner"]);
});
