import { readInventory } from "../adapters/inventory/read-inventory.ts";
import { defaultFolder } from "../config.ts";
import type { HealthCheck } from "../domain/health/health-check.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { checklistText } from "./checklist.ts";
import { lookAtMachine } from "./look.ts";

const USAGE = `usage: kiln agent health [--json]
Looks at this machine and its GPUs once: the driver, memory errors, the kernel's log, what is left of
jobs, and a small program on each GPU. Nothing is reported to the farm.
  --json  { ok, checks: [{ name, device, status, detail }] }
`;

/** Looks at the health of this machine. Ends with 1 when a check failed. */
export async function health(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const isJson = args.includes("--json");
  if (args.some((arg) => arg !== "--json")) {
    const isHelp = args.every((arg) => arg === "--help" || arg === "-h");
    (isHelp ? process.stdout : process.stderr).write(USAGE);
    return isHelp ? EXIT.stopped : EXIT.usage;
  }
  const folder = defaultFolder(env);
  const { checks } = await lookAtMachine(await readInventory(folder, env), folder, env);
  const ok = checks.every(({ status }) => status !== "failed");
  process.stdout.write(isJson ? `${JSON.stringify({ ok, checks }, null, 2)}\n` : text(checks));
  return ok ? EXIT.stopped : EXIT.failed;
}

function text(checks: readonly HealthCheck[]): string {
  return checklistText(
    checks.map(({ name, device, status, detail }) => ({
      name,
      state: status === "not-run" ? "skipped" : status,
      found: device === "" ? detail : `${device}: ${detail}`,
      fix: "",
    })),
    process.stdout.columns,
  );
}
