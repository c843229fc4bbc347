import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { VerdictView } from "@kiln/proto";
import { expect, it } from "vitest";
import { Farm } from "./farm.ts";
import { tarOfPureProject } from "./pure-project.ts";

const MAIN = fileURLToPath(import.meta.resolve("@kiln/cli").replace("index.ts", "main.ts"));
const FILES = {
  "CHANGELOG.md": "## [1.0] - 2026-11-20\n- All of it.\n",
  "pyproject-version.toml": 'version = "1.0"\n',
};
const SARIF = JSON.stringify({
  version: "2.1.0",
  runs: [
    {
      tool: { driver: { name: "scanner", rules: [{ id: "CVE-2026-1", properties: { "security-severity": "9.1" } }] } },
      results: [{ ruleId: "CVE-2026-1", message: { text: "overflow" } }],
    },
  ],
});

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

it("a candidate passes, fails, stays undecided and is waived, by gates with evidence, as `kiln verdict` tells", async () => {
  await using farm = await Farm.start({ executor: "host", slots: 2 });
  // Packed once, so that one build serves all runs.
  const sdist = tarOfPureProject(FILES);
  const [python] =
    (await farm.api.agents())[0]?.pythons.map(({ feature }) => feature).filter((one) => !one.endsWith("t")) ?? [];
  const kiln = async (...args: readonly string[]): Promise<Ended> => {
    const env = { ...process.env, KILN_URL: farm.coordinator.ready.httpUrl, KILN_TOKEN: farm.token };
    try {
      return { exitCode: 0, ...(await promisify(execFile)(process.execPath, [MAIN, ...args], { env })) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { exitCode: code, stdout, stderr };
    }
  };
  const submit = async (rest: string): Promise<string> => {
    const spec = `
matrix: {os: available, python: ["${python}"]}
build: {wheel: pure}
${rest}`;
    return farm.api.submit({ spec, name: "demo", version: "1.0", sdist });
  };
  const verdict = async (run: string): Promise<VerdictView> =>
    JSON.parse((await kiln("verdict", run, "--json")).stdout) as VerdictView;
  const gate = (view: VerdictView, id: string) => view.gates.find((one) => one.id === id);

  const passing = await submit(`
test: {command: 'echo "<testsuite tests=\\"1\\"><testcase name=\\"a\\"/></testsuite>" > $KILN_RESULTS/a.xml; python -c "import demo"'}
gates:
  changelog-entry: on
  version-consistency: {places: [{file: pyproject-version.toml, toml: version}]}
`);
  expect((await farm.api.finished(passing)).verdict).toBe("pass");
  const passed = await verdict(passing);
  expect(passed.gates.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
    ...["G01 pass", "G05 pass", "G10 pass", "G12 pass", "G13 pass", "G14 pass", "G17 pass"],
  ]);
  const shown = await kiln("verdict", passing);
  expect(shown).toMatchObject({ exitCode: 0, stderr: "" });
  expect(shown.stdout).toMatch(/^r1 {2}demo 1\.0 {2}✓ PASS/);
  expect((await kiln("verdict", passing, "--markdown")).stdout).toContain("| G05 changelog-entry | pass |");

  const waiting = await submit("gates: {approval: on}\n");
  expect((await farm.api.finished(waiting)).verdict).toBe("inconclusive");
  expect((await kiln("verdict", waiting)).exitCode).toBe(2);
  expect(await kiln("approve", waiting, "--as", "ada")).toMatchObject({ exitCode: 0 });
  expect((await farm.api.run(waiting)).verdict).toBe("pass");
  // Both runs made the same bytes, so they are one candidate.
  expect((await verdict(waiting)).candidate.digest).toBe(passed.candidate.digest);

  const scanned = await submit(`
scans: [{name: cve, command: 'echo ${JSON.stringify(SARIF).slice(1, -1).replaceAll("'", "''")} > $KILN_RESULTS/cve.sarif'}]
gates: {vulnerability-scan: {database: live}}
`);
  expect((await farm.api.finished(scanned)).verdict).toBe("fail");
  const failed = await verdict(scanned);
  expect(failed).toMatchObject({ verdict: "fail", decidedBy: "G20" });
  expect(gate(failed, "G20")?.reason).toContain("scanner: CVE-2026-1 (critical)");
  expect((await kiln("verdict", scanned)).exitCode).toBe(1);
  const before = (await farm.api.run(scanned)).jobs.map(({ attempts }) => attempts);
  const waived = await kiln(
    "waive",
    scanned,
    "vulnerability-scan",
    "--reason",
    "not reachable",
    "--expires",
    "2100-01-01",
  );
  expect(waived).toMatchObject({ exitCode: 0, stderr: "" });
  expect(gate(await verdict(scanned), "G20")).toMatchObject({ outcome: "waived" });
  expect((await farm.api.run(scanned)).jobs.map(({ attempts }) => attempts)).toEqual(before);

  // A coordinator that was killed remembers what was found and decided.
  await farm.coordinator.kill();
  await farm.startCoordinator();
  expect(gate(await verdict(scanned), "G20")).toMatchObject({ outcome: "waived", evidence: [{ kind: "statement" }] });
  expect((await kiln("verdict", "r9")).exitCode).toBe(3);
});
