import type { TestReport } from "@kiln/proto";
import { describe, expect, test, vi } from "vitest";
import { TESTER } from "../../domain/testing.ts";
import type { Decider } from "../../domain/verdict/decision.ts";
import { servicesInFolder, type Services } from "../testing.ts";
import { builtWheel, endJobs, judgedRun, outcomes, submitted, verdictOf } from "./testing.ts";

const DAY_MS = 24 * 3_600_000;

const TESTS: TestReport = {
  ...{ kind: "test", tests: 9, passed: 6, failed: 0, errors: 0, skipped: 3, flaky: 0, durationMs: 5 },
  ...{
    failures: [],
    skips: [],
    slowest: [],
    coverage: { lines: 100, linesCovered: 75, branches: 0, branchesCovered: 0 },
  },
};
const TESTED = { test: { reports: [TESTS] } };

/** A SARIF log with one finding of this CVSS score. */
function sarif(score: string): Buffer {
  const rules = [{ id: "CVE-2026-0001", properties: { "security-severity": score } }];
  const results = [{ ruleId: "CVE-2026-0001", message: { text: "overflow" } }];
  return Buffer.from(
    JSON.stringify({ version: "2.1.0", runs: [{ tool: { driver: { name: "grype", rules } }, results }] }),
  );
}

const ADA: Decider = { who: "token:ada", from: "127.0.0.1", role: "releaser" };

async function approve(services: Services, run: number, digest: string, by = ADA) {
  return services.verdicts.approve(run, { digest, onBehalfOf: "grace" }, by);
}

describe("a run whose jobs have ended", () => {
  test("passes by the gates that need nothing declared, each with what it found", async () => {
    await using services = await servicesInFolder();
    const run = await judgedRun(services, { spec: "" }, TESTED);
    const view = await verdictOf(services, run);
    expect(outcomes(view)).toEqual(["G10 pass", "G12 pass", "G13 pass", "G14 pass", "G17 pass"]);
    expect(view).toMatchObject({
      verdict: "pass",
      candidate: { version: "1.4.0" },
      files: [{ cell: "cp312-linux-x86_64" }],
    });
    expect(view.candidate.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await services.store.run(run)).toMatchObject({ state: "finished", verdict: "pass" });
  });

  test("is not shown as finished before it is judged, and a restart in between judges it", async () => {
    await using services = await servicesInFolder();
    await services.judge.stop();
    const run = await judgedRun(services, { spec: "" }, TESTED);
    expect(await services.store.run(run)).toMatchObject({ state: "running", verdict: null, finishedAtMs: null });
    expect(await services.verdicts.verdict(run)).toMatchObject({ ok: false, reason: "not-judged" });
    // Nobody can cancel what has ended already.
    await services.commands.cancel(run, TESTER);
    expect(await services.store.run(run)).toMatchObject({ state: "running" });

    const again = await services.restart();
    await again.judge.idle();
    expect(await again.store.run(run)).toMatchObject({ state: "finished", verdict: "pass" });
    expect(outcomes(await verdictOf(again, run))).toContain("G10 pass");
  });

  test("that is tried again is judged anew when it has ended anew", async () => {
    await using services = await servicesInFolder();
    const run = await judgedRun(services, { spec: "" }, { test: { outcome: "tests-failed" } });
    expect((await verdictOf(services, run)).verdict).toBe("fail");
    await services.commands.retryFailed(run, TESTER);
    expect(await services.verdicts.verdict(run)).toMatchObject({ ok: false, reason: "not-judged" });
    await endJobs(services, run);
    await services.judge.idle();
    expect((await verdictOf(services, run)).verdict).toBe("pass");
  });

  test("fails by a wheel whose RECORD does not hold, and names the file", async () => {
    await using services = await servicesInFolder();
    const record = (text: string) => text.replace(/(demo\.py,sha256=).{8}/, "$1AAAAAAAA");
    const run = await judgedRun(services, { spec: "" }, { build: builtWheel({ record }) });
    const view = await verdictOf(services, run);
    expect(view).toMatchObject({ verdict: "fail", decidedBy: "G10" });
    expect(view.reason).toBe("demo-1.4.0-py3-none-any.whl: RECORD does not hold: demo.py has other bytes");
  });

  test("is inconclusive where a gate of the spec has no facts, with what is missing", async () => {
    await using services = await servicesInFolder();
    const spec = "gates: {benchmark-regression: on, vulnerability-scan: on, version-canonical-unique: on}\n";
    const view = await verdictOf(services, await judgedRun(services, { spec }, TESTED));
    expect(view.verdict).toBe("inconclusive");
    const reasons = new Map(view.gates.map(({ id, outcome, reason }) => [id, `${outcome}: ${reason}`]));
    expect(reasons.get("G22")).toContain(
      "not-run: not known: comparisons (the plan has no bench jobs: the spec has no bench:",
    );
    expect(reasons.get("G20")).toContain("not-run: not known: scans (no scan has written SARIF into $KILN_RESULTS)");
    expect(reasons.get("G02")).toContain("not-run: not known: index (no index of yours is set: KILN_UPSTREAM_INDEX)");
  });
});

describe("gates of the source", () => {
  const files = {
    "pyproject.toml": '[project]\nname = "demo"\nversion = "1.4.0"\n',
    "src/demo.py": '__version__ = "1.3.9"\n',
    "CHANGELOG.md": "# Changes\n\n## [1.4.0] - 2026-11-20\n- A leak.\n",
  };

  test("read the changelog and every place of the version, with file and line", async () => {
    await using services = await servicesInFolder();
    const spec = `gates:
  changelog-entry: on
  version-consistency: {places: [{file: pyproject.toml, toml: project.version}, {file: src/demo.py, python: __version__}]}
`;
    const view = await verdictOf(services, await judgedRun(services, { spec, files }, TESTED));
    const gate = (id: string) => view.gates.find((one) => one.id === id);
    expect(gate("G05")).toMatchObject({ outcome: "pass", evidence: [{ file: "CHANGELOG.md", line: 3 }] });
    expect(gate("G01")).toMatchObject({
      outcome: "fail",
      evidence: [
        { kind: "file", file: "src/demo.py", line: 1, text: "src/demo.py: __version__ holds 1.3.9, not 1.4.0" },
      ],
    });
  });

  test("are not run where the source lacks the file, and say which", async () => {
    await using services = await servicesInFolder();
    const spec = "gates: {changelog-entry: {file: NEWS.md}}\n";
    const view = await verdictOf(services, await judgedRun(services, { spec, files }, TESTED));
    expect(view.gates.find(({ id }) => id === "G05")).toMatchObject({
      outcome: "not-run",
      reason: "not known: changelog (the source has no NEWS.md of at most 1 MiB)",
    });
  });
});

describe("what scans leave", () => {
  const spec = `scans: [{name: grype, command: "true"}]\ngates: {vulnerability-scan: {database: live}}\n`;
  const scanned = (bytes: Uint8Array) => ({
    ...TESTED,
    scan: { artifacts: { "grype.sarif": { role: "scan", bytes } } },
  });

  test("fails a candidate with a finding of the severity, and passes one below it", async () => {
    await using services = await servicesInFolder();
    const bad = await verdictOf(services, await judgedRun(services, { spec }, scanned(sarif("9.8"))));
    expect(bad).toMatchObject({ verdict: "fail", decidedBy: "G20" });
    expect(bad.reason).toContain("grype: CVE-2026-0001 (critical)");
    const good = await verdictOf(services, await judgedRun(services, { spec }, scanned(sarif("3.1"))));
    expect(good.verdict).toBe("pass");
  });

  test("that cannot be read is not taken for a scan without findings", async () => {
    await using services = await servicesInFolder();
    const view = await verdictOf(services, await judgedRun(services, { spec }, scanned(Buffer.from("{"))));
    expect(view.verdict).toBe("inconclusive");
    expect(view.reason).toContain("not known: scans (grype.sarif of scan-grype-pure");
  });

  test("has its database's age from the file that the spec names", async () => {
    await using services = await servicesInFolder();
    const text = spec.replace("live", "{file: db.json, key: db.built}");
    const scan = (built: string) => ({
      ...TESTED,
      scan: {
        artifacts: {
          "grype.sarif": { role: "scan", bytes: sarif("1.0") },
          "db.json": { role: "scan", bytes: Buffer.from(JSON.stringify({ db: { built } })) },
        },
      },
    });
    // The clock of these tests begins in 1970.
    const fresh = await judgedRun(services, { spec: text }, scan("1970-01-01T00:00:00Z"));
    expect((await verdictOf(services, fresh)).verdict).toBe("pass");
    const old = await judgedRun(services, { spec: text }, scan("1969-12-01T00:00:00Z"));
    expect(await verdictOf(services, old)).toMatchObject({ verdict: "inconclusive", decidedBy: "G20" });
  });
});

describe("people", () => {
  test("approve these bytes, and no job is run again for it", async () => {
    await using services = await servicesInFolder();
    const run = await judgedRun(services, { spec: "gates: {approval: on}\n" }, TESTED);
    const before = await verdictOf(services, run);
    expect(before).toMatchObject({ verdict: "inconclusive", decidedBy: "M01" });
    const assignments = services.bus.assignments.length;
    expect(await approve(services, run, "d".repeat(64))).toMatchObject({ ok: false, reason: "cannot-decide" });
    expect(await approve(services, run, before.candidate.digest ?? "")).toMatchObject({
      ok: true,
      view: { verdict: "pass" },
    });
    expect(await services.store.run(run)).toMatchObject({
      verdict: "pass",
      reason: (await verdictOf(services, run)).reason,
    });
    expect(services.bus.assignments).toHaveLength(assignments);
    const again = await services.restart();
    expect(await verdictOf(again, run)).toMatchObject({
      verdict: "pass",
      approvals: [{ who: "token:ada", role: "releaser", onBehalfOf: "grace" }],
    });
  });

  test("are counted by the role and the name of their token, whatever they say they are", async () => {
    await using services = await servicesInFolder();
    const required = "[{role: operator}, {role: releaser, count: 2}, {who: grace}]";
    const run = await judgedRun(services, { spec: `gates: {approval: {required: ${required}}}\n` }, TESTED);
    const digest = (await verdictOf(services, run)).candidate.digest ?? "";
    const missing = async () => (await verdictOf(services, run)).gates.find(({ id }) => id === "M01")?.reason;
    expect(await missing()).toBe("not approved by 1 more operator, 2 more releaser, grace");
    // On behalf of grace, twice.
    await approve(services, run, digest);
    await approve(services, run, digest);
    expect(await missing()).toBe("not approved by 1 more operator, 1 more releaser, grace");
    await approve(services, run, digest, { ...ADA, who: "token:grace" });
    expect(await missing()).toBe("not approved by 1 more operator");
    expect(await approve(services, run, digest, { ...ADA, who: "owner", role: "operator" })).toMatchObject({
      view: { verdict: "pass" },
    });
    const again = await services.restart();
    expect((await verdictOf(again, run)).verdict).toBe("pass");
  });

  test("leave a row of the audit log with each decision, and none with what is refused", async () => {
    await using services = await servicesInFolder();
    const run = await judgedRun(services, { spec: "gates: {approval: on}\n" }, TESTED);
    const digest = (await verdictOf(services, run)).candidate.digest ?? "";
    const commit = vi.spyOn(services.store, "commit");
    await approve(services, run, "d".repeat(64));
    await approve(services, run, digest);
    await services.verdicts.waive(run, { gate: "M01", digest, reason: "known", expiresAtMs: 10 * DAY_MS }, ADA);
    expect(commit.mock.calls.map(([ops]) => ops.map(({ op }) => op))).toEqual([
      ["add-approval", "audit", "update-run"],
      ["add-waiver", "audit"],
    ]);
    const rows = await services.audit.page({ before: null, sinceMs: null, who: ADA.who, what: null, limit: 10 });
    expect(rows.map(({ what, object, detail }) => [what, object, detail])).toEqual([
      ["run.waive", `r${run} M01`, `candidate ${digest}`],
      ["run.approve", `r${run}`, `candidate ${digest}, on behalf of grace`],
    ]);
  });

  test("waive a gate until a day, and then it is shut again", async () => {
    await using services = await servicesInFolder();
    const run = await judgedRun(services, { spec: "gates: {coverage: {share-min: 80 %}}\n" }, TESTED);
    const before = await verdictOf(services, run);
    expect(before).toMatchObject({ verdict: "fail", decidedBy: "G16" });
    const waiver = { gate: "G16", onBehalfOf: "grace", reason: "generated code", expiresAtMs: 10 * DAY_MS };
    const digest = before.candidate.digest ?? "";
    const waive = (changes: object) => services.verdicts.waive(run, { ...waiver, digest, ...changes }, ADA);
    expect(await waive({ gate: "G20" })).toMatchObject({
      ok: false,
      detail: expect.stringContaining("has no gate G20") as string,
    });
    expect(await waive({ expiresAtMs: 1 })).toMatchObject({
      ok: false,
      detail: expect.stringContaining("expired") as string,
    });
    expect(await waive({ digest: "d".repeat(64) })).toMatchObject({ ok: false, reason: "cannot-decide" });
    expect(await waive({})).toMatchObject({ ok: true, view: { verdict: "pass" } });
    const gate = (await verdictOf(services, run)).gates.find(({ id }) => id === "G16");
    expect(gate?.reason).toMatch(/^waived by token:ada, on behalf of grace: generated code/);
    expect((await verdictOf(services, run)).waivers).toMatchObject([
      { who: "token:ada", role: "releaser", onBehalfOf: "grace" },
    ]);
    expect(gate).toMatchObject({ outcome: "waived", evidence: [{ kind: "measured", value: 0.75 }] });
    services.advance(10 * DAY_MS);
    expect((await verdictOf(services, run)).verdict).toBe("fail");
    expect(await waive({ expiresAtMs: 30 * DAY_MS })).toMatchObject({ ok: true, view: { verdict: "pass" } });
  });

  test("cannot decide about a run that is not there, not judged, or made no files", async () => {
    await using services = await servicesInFolder();
    expect(await approve(services, 9, "d".repeat(64))).toEqual({ ok: false, reason: "no-such-run" });
    const open = await submitted(services, { spec: "" });
    expect(await approve(services, open, "d".repeat(64))).toMatchObject({ ok: false, reason: "not-judged" });
    const failed = await judgedRun(services, { spec: "" }, { build: { outcome: "build-failed" } });
    expect((await verdictOf(services, failed)).candidate.digest).toBeNull();
    expect(await approve(services, failed, "d".repeat(64))).toMatchObject({ ok: false, reason: "cannot-decide" });
  });
});

test("a spec whose gates have mistakes is refused with their places", async () => {
  await using services = await servicesInFolder();
  await expect(submitted(services, { spec: "gates:\n  coverage: {share-min: 80}\n" })).rejects.toThrow(
    /"file":"kiln.yaml","line":4,"column":25,"path":"gates.coverage.share-min","message":"[^"]*.*a share is 0 to 1/,
  );
});
