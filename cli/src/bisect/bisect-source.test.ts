import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseSpec } from "@kiln/matrix";
import { describe, expect, test } from "vitest";
import { tempDir, type TempDir } from "../testing/temp-dir.ts";
import { benchFiles, specForCell } from "./cell-spec.ts";
import { commitsBetween, writeCommit } from "./history.ts";

const SPEC = `
# what a release needs
version: 1.1.0
matrix: {os: available, python: ["3.11", "3.12"], axes: {backend: [a, b]}}
test: {requires: [pytest]}
checks: [{name: lint, command: ruff check}]
bench: {command: python bench/run.py, files: [bench], when: {python: ["3.12"]}}
profile: {command: python p.py}
`;

describe("the spec of a search", () => {
  const cell = { os: "linux-x86_64", python: "3.11", backend: "b" };

  test("measures one cell against one release, with the candidate's own benchmark, and nothing else", () => {
    const parsed = parseSpec(specForCell(SPEC, cell, "1.0.0"), "kiln.yaml");
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { spec } = parsed;
    expect(spec.axes).toMatchObject({
      os: ["linux-x86_64"],
      python: { kind: "versions", versions: ["3.11"] },
      own: [{ name: "backend", values: ["b"] }],
    });
    expect(spec.bench).toMatchObject({
      command: "python bench/run.py",
      when: null,
      baseline: { kind: "version", version: "1.0.0" },
    });
    expect([spec.checks, spec.profile, spec.version]).toEqual([[], null, null]);
    expect(spec.test.requires).toEqual(["pytest"]);
  });

  test("measures beside the commit that the run was compared with, also where all its digits are decimal", () => {
    const commit = "1234567890".repeat(4);
    const parsed = parseSpec(specForCell(SPEC, cell, { commit }), "kiln.yaml");
    expect(parsed).toMatchObject({ ok: true, spec: { bench: { baseline: { kind: "commit", commit } } } });
  });

  test("knows which files are the benchmark's", () => {
    expect(benchFiles(SPEC)).toEqual(["bench"]);
    expect(benchFiles("matrix: {}")).toEqual([]);
  });
});

describe("the commits of a search", () => {
  async function repository(): Promise<TempDir> {
    const folder = await tempDir();
    const git = (...args: readonly string[]): void => {
      const identity = ["-c", "user.name=A", "-c", "user.email=a@example.invalid", "-c", "commit.gpgsign=false"];
      execFileSync("git", ["-C", folder.path, ...identity, ...args], { stdio: "ignore" });
    };
    const commit = (n: number): void => {
      writeFileSync(join(folder.path, "code.py"), `N = ${n}\n`);
      mkdirSync(join(folder.path, "bench"), { recursive: true });
      writeFileSync(join(folder.path, "bench", "run.py"), `# bench ${n}\n`);
      git("add", ".");
      git("commit", "-m", `step ${n}`);
      if (n === 0) git("tag", "v1");
    };
    git("init", "-b", "main");
    for (const n of [0, 1, 2, 3]) commit(n);
    return folder;
  }

  test("are those after the release, oldest first", async () => {
    await using folder = await repository();
    const commits = await commitsBetween(folder.path, "v1", "main");
    expect(commits.map(({ subject }) => subject)).toEqual(["step 1", "step 2", "step 3"]);
    expect(commits[0]?.hash).toMatch(/^[0-9a-f]{40}$/);
  });

  test("are written with the candidate's benchmark over their own", async () => {
    await using folder = await repository();
    await using target = await tempDir();
    const [first] = await commitsBetween(folder.path, "v1", "main");
    if (!first) throw new Error("there are commits");
    await writeCommit(folder.path, first, target.path, { bad: "main", files: ["bench"] });
    expect(readFileSync(join(target.path, "code.py"), "utf8")).toBe("N = 1\n");
    expect(readFileSync(join(target.path, "bench", "run.py"), "utf8")).toBe("# bench 3\n");
  });

  test.for([
    ["v9", "main", /has no commit "v9"/],
    ["main", "v1", /main is not an ancestor of v1/],
    ["main", "main", /no commit between/],
  ] as const)("between %s and %s are refused in words", async ([good, bad, says]) => {
    await using folder = await repository();
    await expect(commitsBetween(folder.path, good, bad)).rejects.toThrow(says);
  });
});
