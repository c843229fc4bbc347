import { CredentialFolder } from "../adapters/disk/credential-folder.ts";
import { readInventory } from "../adapters/inventory/read-inventory.ts";
import { systemClock } from "../adapters/system/system-clock.ts";
import { defaultFolder } from "../config.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { checklistText, type Check } from "./checklist.ts";
import { engineChecks } from "./doctor/engine-checks.ts";
import { farmChecks } from "./doctor/farm-checks.ts";
import { gpuChecks } from "./doctor/gpu-checks.ts";
import { machineChecks } from "./doctor/machine-checks.ts";
import { lookAtMachine } from "./look.ts";

const USAGE = `usage: kiln agent doctor [--json]
Checks what jobs need of this machine, and says what to do about what is missing.
  --json  { ok, checks: [{ name, state, found, fix }], inventory }
`;
const COLUMNS_MIN = 60;
const COLUMNS_MAX = 120;

/** Checks this machine. Ends with 1 when something failed. */
export async function doctor(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const isJson = args.includes("--json");
  if (args.some((arg) => arg !== "--json")) {
    const isHelp = args.every((arg) => arg === "--help" || arg === "-h");
    (isHelp ? process.stdout : process.stderr).write(USAGE);
    return isHelp ? EXIT.stopped : EXIT.usage;
  }
  const folder = defaultFolder(env);
  const seen = await readInventory(folder, env);
  const [{ inventory, checks: health, runningPid }, engines, farm] = await Promise.all([
    lookAtMachine(seen, folder, env),
    engineChecks(env, seen.gpus.length > 0),
    farmChecks(new CredentialFolder(folder), () => systemClock.nowMs()),
  ]);
  const checks: Check[] = [
    ...(await machineChecks(inventory, folder, env)),
    ...gpuChecks(inventory, health),
    ...engines,
    ...farm,
    agentCheck(runningPid, folder),
  ];
  const failed = checks.filter(({ state }) => state === "failed").length;
  process.stdout.write(isJson ? jsonText({ ok: failed === 0, checks, inventory }) : text(checks, failed));
  return failed === 0 ? EXIT.stopped : EXIT.failed;
}

function agentCheck(runningPid: number | null, folder: string): Check {
  return runningPid === null
    ? { name: "agent", state: "skipped", found: `none is running in ${folder}`, fix: "" }
    : { name: "agent", state: "ok", found: `it runs in ${folder}, process ${runningPid}`, fix: "" };
}

function text(checks: readonly Check[], failed: number): string {
  const columns = Math.min(COLUMNS_MAX, Math.max(COLUMNS_MIN, process.stdout.columns ?? COLUMNS_MAX));
  const end = failed === 0 ? "Jobs can run here." : `To be mended: ${failed} ${failed === 1 ? "thing" : "things"}.`;
  return `${checklistText(checks, columns)}\n${end}\n`;
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
