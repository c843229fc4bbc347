import { expect, test } from "vitest";
import { TESTER } from "../../domain/testing.ts";
import { servicesInFolder, type Services } from "../testing.ts";
import { judgedRun, verdictOf } from "./testing.ts";

const SPEC = "gates: {changelog-entry: on}\n";

/** Series of a name, without the others. */
async function series({ board, metrics }: Services, name: string): Promise<readonly string[]> {
  await board.idle();
  const { text } = await metrics.scrape();
  return text.split("\n").filter((line) => line.startsWith(`${name}{`));
}

test("metrics tell the newest verdict with its gates, follow a waiver, and are the same after a restart", async () => {
  await using services = await servicesInFolder();
  const run = await judgedRun(services, { spec: SPEC, files: { "CHANGELOG.md": "## [1.3.0]\n- Old.\n" } });
  const verdict = 'kiln_verdict{project="demo",release="1.4.0"';
  expect(await series(services, "kiln_verdict")).toEqual([
    `${verdict},verdict="pass"} 0`,
    `${verdict},verdict="fail"} 1`,
    `${verdict},verdict="inconclusive"} 0`,
  ]);
  const gate = 'kiln_gate_outcome{project="demo",release="1.4.0",gate="G05",name="changelog-entry"';
  expect(await series(services, "kiln_gate_outcome")).toContain(`${gate},outcome="fail"} 1`);
  expect(await series(services, "kiln_runs_judged_total")).toContain('kiln_runs_judged_total{verdict="fail"} 1');
  const digest = (await verdictOf(services, run)).candidate.digest ?? "";
  const waived = await services.verdicts.waive(
    run,
    { gate: "G05", digest, reason: "first", expiresAtMs: 10 ** 12 },
    { ...TESTER, role: "releaser" },
  );
  expect(waived.ok).toBe(true);
  const after = await series(services, "kiln_gate_outcome");
  expect(after).toContain(`${gate},outcome="waived"} 1`);
  expect(after).toContain(`${gate},outcome="fail"} 0`);
  const again = await services.restart();
  expect(await series(again, "kiln_gate_outcome")).toEqual(after);
  expect(await series(again, "kiln_verdict")).toContain(`${verdict},verdict="pass"} 1`);
});
