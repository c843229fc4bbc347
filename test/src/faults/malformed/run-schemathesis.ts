import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { farmIdentityFiles } from "@kiln/identity";
import { cleanEnvironment, installTool } from "../../staging-index/python-tools.ts";
import type { FaultFarm } from "../fault-farm.ts";

const run = promisify(execFile);
const EXAMPLES_MAX = 20;
const RUN_MS_MAX = 90_000;
const START = "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())";

/** How it ended: a reason why it could not run, or what it says and whether it found a server's error. */
export type SchemathesisEnd =
  | { readonly ran: false; readonly reason: string }
  | { readonly ran: true; readonly passed: boolean; readonly output: string };

/** Sends requests that fit the farm's own OpenAPI document, and requests that do not, and looks for 5xx. */
export async function runSchemathesis(farm: FaultFarm, seed: number): Promise<SchemathesisEnd> {
  const tool = await installTool("schemathesis").catch((cause: unknown) => String(cause).slice(0, 300));
  if (typeof tool === "string") return { ran: false, reason: `schemathesis could not be installed: ${tool}` };
  const args = [
    ...["-c", START, "run", `${farm.httpUrl}/api/v1/openapi.json`],
    ...["--header", `Authorization: Bearer ${farm.token}`],
    ...["--tls-verify", farmIdentityFiles(farm.identity.folder).authority],
    ...["--checks", "not_a_server_error", "--max-examples", String(EXAMPLES_MAX), "--seed", String(seed)],
    // Its coverage phase fails on some patterns of the document by itself.
    ...["--phases", "fuzzing", "--workers", "1", "--no-shrink"],
    ...["--request-timeout", "10", "--suppress-health-check", "all", "--warnings", "off", "--no-color"],
    // A stream of events goes on as long as its run does; the agents, whose ids it finds out, are still needed.
    ...["--exclude-path-regex", "/(events|revoke)$"],
    ...["--generation-database", "none"],
  ];
  const env = cleanEnvironment({ PYTHONPATH: tool.path });
  const limits = { env, cwd: farm.dir, timeout: RUN_MS_MAX, maxBuffer: 64 * 1024 * 1024 };
  return run(tool.python, args, limits).then(
    ({ stdout }) => ({ ran: true, passed: true, output: stdout }),
    (cause: { stdout?: string; stderr?: string; message: string }) => ({
      ran: true,
      passed: false,
      output: `${cause.stdout ?? ""}${cause.stderr ?? ""}\n${cause.message}`,
    }),
  );
}
