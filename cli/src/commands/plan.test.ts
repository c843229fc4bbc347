import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fakeFarm } from "../testing/fake-farm.ts";
import { runKiln, type KilnResult } from "../testing/run-kiln.ts";
import { tempDir } from "../testing/temp-dir.ts";

const PYPROJECT =
  '[project]\nname = "hello"\nversion = "1.0"\nrequires-python = ">=3.8"\ndependencies = ["torch>=2.0"]\n';
const SPEC = `kiln: 1
matrix:
  os: [linux-x86_64, macos-arm64]
  python: ["3.10", "3.11"]
  torch: ["2.0", "2.1"]
  cuda: [cpu, "11.8", "12.1"]
profiles:
  patch: {reduce: pairwise}
`;

/** Runs `kiln ARGS` beside a project `p`, pointed at a farm that knows no durations. */
async function kiln(
  args: readonly string[],
  durationsMs: Record<string, number> | null = null,
  failing: readonly string[] = [],
  spec = SPEC,
): Promise<KilnResult> {
  await using dir = await tempDir();
  await using farm = await fakeFarm();
  farm.durationsMs = durationsMs;
  farm.failingCells = [...failing];
  await mkdir(join(dir.path, "p"));
  await writeFile(join(dir.path, "p", "pyproject.toml"), PYPROJECT);
  await writeFile(join(dir.path, "p", "kiln.yaml"), spec);
  return await runKiln(args, { env: farm.env, cwd: dir.path });
}

const EXCLUDED = "cp310-torch2.0.1-cu121-linux-x86_64";

describe("plan", () => {
  test("prints the grid, exclusions by axis values with their source, and jobs", async () => {
    const { stdout, exitCode } = await kiln(["plan", "p"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^hello 1\.0\nMinor release, full matrix\n/);
    expect(stdout).toContain("Resolved: torch 2.0 = 2.0.1, 2.1 = 2.1.2");
    expect(stdout).toContain("      CUDA 11.8 × macos-arm64 (4 cells)\n");
    expect(stdout).toContain("      cp310-torch2.0.1-cu121-linux-x86_64, cp311-torch2.0.1-cu121-linux-x86_64\n");
    expect(stdout).toMatch(/source: /);
    expect(stdout).toMatch(/\d+ cells, \d+ jobs: \d+ builds, \d+ tests\./);
    expect(stdout).toContain("Expected time: not known, this farm keeps no durations of earlier runs.");
  });

  test("lists the gates of the type of release, and what benchmarks are compared with", async () => {
    const more =
      "profiles:\n  patch: {reduce: pairwise, gates: {coverage: {share-min: 50 %}, artifact-contents: off}}\n" +
      "bench: {command: python b.py, baseline: index}\n";
    const { stdout } = await kiln(["plan", "p", "--release", "patch"], null, [], SPEC.replace(/profiles:[^]*/, more));
    expect(stdout).toContain("Gates of the spec, all of which have to open: G16 coverage.");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "By default, where there is something to judge: G11 platform-tag, G12 clean-install, G13 matrix-completeness, " +
        "G14 test-suite, G17 variant-filename-unique, G22 benchmark-regression. Switched off: G10 artifact-contents. " +
        "Benchmarks are compared with the newest lower release that the package index has for the cell.",
    );
    const plain = await kiln(["plan", "p", "--json"]);
    const { gates } = JSON.parse(plain.stdout) as { gates: { id: string; by: string }[] };
    // Nothing is measured.
    expect(gates.filter(({ id }) => id === "G22")).toEqual([]);
    expect(gates).toContainEqual({ id: "G13", name: "matrix-completeness", by: "default" });
  });

  test("says what no agent can run, and when no job of the project has passed yet", async () => {
    const { stdout } = await kiln(["plan", "p"], { build: 60_000 });
    expect(stdout).toContain("Expected time: not known, no test job of hello has passed on this farm yet.");
    expect(stdout).toContain("Agents: none is registered, so that nothing would run.");
  });

  test.each(["p/kiln.yaml", "p"])("of %s is of its folder", async (source) => {
    const { stdout } = await kiln(["plan", source, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ plan: { candidate: { name: "hello" }, release: "minor" } });
  });

  test("--release takes another profile, and says that all pairs are covered", async () => {
    const { stdout } = await kiln(["plan", "p", "--release", "patch"]);
    expect(stdout).toContain("Patch release, pairwise");
    expect(stdout).toMatch(/Reduction: pairwise, \d+ of \d+ possible cells\. All \d+ possible pairs of axis\s+values/);
  });

  test("a reduced matrix keeps the cells that failed in the project's newest run", async () => {
    const cellsOf = async (failing: readonly string[]): Promise<readonly string[]> => {
      const { stdout } = await kiln(["plan", "p", "--release", "patch", "--json"], {}, failing);
      const { plan } = JSON.parse(stdout) as { plan: { cells: { name: string }[]; reduced: { name: string }[] } };
      const names = plan.cells.map(({ name }) => name);
      left = plan.reduced.map(({ name }) => name);
      return names;
    };
    let left: readonly string[] = [];
    await cellsOf([]);
    const [failed = ""] = left;
    expect(failed).not.toBe("");
    expect(await cellsOf([failed])).toContain(failed);
  });

  test("--json has the plan, what it was made of, and what the farm makes of it", async () => {
    const result = JSON.parse((await kiln(["plan", "p", "--json"])).stdout) as object;
    expect(Object.keys(result)).toEqual(["plan", "candidate", "pythonsFrom", "pythons", "tuples", "outlook", "gates"]);
    expect(result).toMatchObject({ candidate: { requiresDist: ["torch>=2.0"] } });
  });

  test("--explain says in a sentence why a cell is excluded, with rule, fact and source", async () => {
    const { stdout } = await kiln(["plan", "p", "--explain", EXCLUDED]);
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      /cp310-torch2\.0\.1-cu121-linux-x86_64 is excluded by the rule [a-z-]+: .+ \(source: .+\)\./,
    );
  });

  test("--explain takes words that fit one cell or many", async () => {
    const one = await kiln(["plan", "p", "--explain", "torch 2.0 cuda 12.1 python 3.10 linux"]);
    expect(one.stdout).toContain(`${EXCLUDED} is excluded`);
    const many = await kiln(["plan", "p", "--explain", "macos 12.1"]);
    expect(many.stdout).toMatch(/^macos 12\.1 fits 4 cells:/);
    const json = JSON.parse((await kiln(["plan", "p", "--json", "--explain", "macos 12.1"])).stdout) as {
      explanations: { kind: string; sentences: string[] }[];
    };
    expect(json.explanations).toHaveLength(4);
    expect(json.explanations[0]).toMatchObject({
      kind: "excluded",
      sentences: [expect.stringContaining("excluded by the rule")],
    });
  });

  test("--explain of a planned cell has the compiler's limit, the ABI and the compute capabilities", async () => {
    const { stdout } = await kiln(["plan", "p", "--explain", "cp310-torch2.1.2-cu121-linux-x86_64"]);
    expect(stdout).toContain("C++ ABI: torch 2.1.2");
    expect(stdout).toContain("compute capabilities: torch 2.1.2 holds code for");
    expect(stdout).toContain("host compiler: nvcc of CUDA 12.1 accepts gcc up to 12");
    expect(stdout).toContain("Its jobs:\n  build-");
  });

  test("--explain of an unknown name gives the nearest ones", async () => {
    const result = await kiln(["plan", "p", "--explain", "cp310-torch2.0.1-cu121-linux"]);
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain(`Nearest are: ${EXCLUDED}`);
  });

  test("--pairs, --markdown and --graph print the plan in their own ways", async () => {
    expect((await kiln(["plan", "p", "--pairs"])).stdout).toMatch(/^python × torch {2}4 of 4 covered\n/);
    expect((await kiln(["plan", "p", "--markdown"])).stdout).toMatch(/^# hello 1\.0: test matrix\n/);
    expect((await kiln(["plan", "p", "--graph", "dot"])).stdout).toMatch(/^digraph "hello 1\.0" \{\n[^]*\}\n$/);
    expect((await kiln(["plan", "p", "--graph", "mermaid"])).stdout).toMatch(/^%% hello 1\.0\nflowchart LR\n/);
  });

  test.each([
    [["--graph", "svg"], "--graph svg is not a format."],
    [["--release", "tiny"], "--release tiny is not a type of release.\nWrite one of: patch, minor, major, hotfix."],
    [["--markdown", "--graph", "dot"], "--markdown and --graph cannot be printed at once."],
    [["--markdown", "--json"], "--markdown and --json cannot be printed at once."],
  ])("with %j is wrong usage", async (args, message) => {
    const result = await kiln(["plan", "p", ...args]);
    expect(result).toMatchObject({ exitCode: 64, stderr: expect.stringContaining(message) });
  });

  test("a folder with a spec alone is told what is missing beside it", async () => {
    await using dir = await tempDir();
    await writeFile(join(dir.path, "kiln.yaml"), SPEC);
    const result = await runKiln(["plan", "kiln.yaml"], { cwd: dir.path });
    expect(result).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("a pyproject.toml with name, version"),
    });
  });
});

test("submit --release names the profile to the farm", async () => {
  await using dir = await tempDir();
  await using farm = await fakeFarm();
  await writeFile(join(dir.path, "pyproject.toml"), PYPROJECT);
  await runKiln(["submit", ".", "--release", "hotfix"], { env: farm.env, cwd: dir.path });
  expect(farm.submissions).toMatchObject([{ release: "hotfix", candidate: { requiresDist: ["torch>=2.0"] } }]);
});

describe("coverage", () => {
  const WHEEL = "hello-1.0-cp310-cp310-manylinux_2_17_x86_64.whl";

  test("shows holes, and ends with 1", async () => {
    const result = await kiln(["coverage", "--source", "p", WHEEL]);
    expect(result.stdout).toContain("Nothing can be installed:");
    expect(result.stdout).toContain(WHEEL);
    expect(result.exitCode).toBe(1);
  });

  test("of a wheel for everything is good, and ends with 0", async () => {
    const result = await kiln(["coverage", "--source", "p", "hello-1.0-py3-none-any.whl", "--json"]);
    expect(result.exitCode).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ findings: [], refused: [] });
  });

  test("of wheels that differ by local version alone tells which cells take the wrong CUDA", async () => {
    const files = ["cu118", "cu121"].map((local) => `hello-1.0+${local}-cp310-cp310-manylinux_2_17_x86_64.whl`);
    const result = await kiln(["coverage", "--source", "p", ...files]);
    expect(result.stdout).toContain("A wheel for another CUDA is taken:");
    expect(result.exitCode).toBe(1);
  });
});
