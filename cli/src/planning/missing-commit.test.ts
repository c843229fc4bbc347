import { expect, test } from "vitest";
import { runView } from "../testing/views.ts";
import { missingCommit } from "./missing-commit.ts";

const RUN = runView([]);
const commit = "1a2b3c4d".repeat(5);
const run = (name: string) => ({ ...RUN, candidate: { ...RUN.candidate, name, commit } });

test("a baseline's commit that no run of the project is of is told, with what to do", () => {
  const wanted = { kind: "commit", commit: "1a2b3c4" } as const;
  expect(missingCommit(wanted, "my.pkg", [RUN, run("My_Pkg")])).toBeNull();
  expect(missingCommit(wanted, "my.pkg", [RUN, run("other")])).toContain("git worktree add ../baseline 1a2b3c4");
  expect(missingCommit({ kind: "index" }, "my.pkg", [])).toBeNull();
});
