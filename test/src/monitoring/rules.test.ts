import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const deploy = join(import.meta.dirname, "..", "..", "..", "deploy", "prometheus");

test("the alert rules are rules, and each alert is on when it should be and off when not", async () => {
  const checked = await run("promtool", ["check", "rules", "rules.yml"], { cwd: deploy });
  expect(checked.stdout).toMatch(/SUCCESS: \d+ rules found/);
  const tested = await run("promtool", ["test", "rules", "rules.test.yml"], { cwd: deploy });
  expect(tested.stdout).toContain("SUCCESS");
});

test("the configuration of Prometheus is one, but for the farm's certificate, which a farm makes", async () => {
  const checked = await run("promtool", ["check", "config", "--syntax-only", "prometheus.yml"], { cwd: deploy });
  expect(checked.stdout).toContain("SUCCESS");
});
