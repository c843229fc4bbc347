import type { CredentialFolder } from "../../adapters/disk/credential-folder.ts";
import { AgentHttp } from "../../adapters/farm/farm-http.ts";
import { LiveCredentials } from "../../adapters/farm/live-credentials.ts";
import { probePorts } from "../../adapters/join/probe-ports.ts";
import { formatDuration } from "../../domain/units.ts";
import type { Credentials } from "../../ports/credentials.ts";
import type { Check } from "../checklist.ts";

const TIMEOUT_MS = 10_000;
/** HTTP's Date has whole seconds; beyond a minute certificates and leases are in danger. */
const SKEW_MAX_MS = 60_000;

/** The farm that this machine is an agent of: its ports, the certificate, and whose clock is right. */
export async function farmChecks(folder: CredentialFolder, nowMs: () => number): Promise<readonly Check[]> {
  let credentials: Credentials | null;
  try {
    credentials = folder.read();
  } catch (cause) {
    return [{ name: "farm", state: "failed", found: cause instanceof Error ? cause.message : String(cause), fix: "" }];
  }
  if (!credentials) {
    const fix = "On the farm: kiln agent token. Here: kiln agent join URL --token TOKEN.";
    return [{ name: "farm", state: "skipped", found: "this machine is no agent of a farm yet", fix }];
  }
  const [ports, clock] = await Promise.all([probePorts(credentials), checkClock(credentials, nowMs)]);
  return [
    { name: "farm", state: "ok", found: `agent ${credentials.agentId} of ${credentials.farm.httpUrl}`, fix: "" },
    ...ports.map(({ name, address, problem }): Check =>
      problem === null
        ? { name, state: "ok", found: `${address} is reached, and takes this agent's credentials`, fix: "" }
        : { name, state: "failed", found: problem.message, fix: problem.advice },
    ),
    checkCertificate(credentials, nowMs()),
    ...clock,
  ];
}

function checkCertificate({ notAfterMs }: Credentials, nowMs: number): Check {
  const leftMs = notAfterMs - nowMs;
  const until = new Date(notAfterMs).toISOString().slice(0, 16).replace("T", " ");
  if (leftMs > 0) {
    return {
      name: "certificate",
      state: "ok",
      found: `good until ${until} UTC, ${formatDuration(leftMs)} from now`,
      fix: "",
    };
  }
  const fix = "Join again with a new token: kiln agent join URL --token TOKEN --force.";
  return { name: "certificate", state: "failed", found: `it has ended on ${until} UTC`, fix };
}

async function checkClock(credentials: Credentials, nowMs: () => number): Promise<readonly Check[]> {
  await using http = new AgentHttp(new LiveCredentials(credentials));
  try {
    const response = await http.fetch("/healthz", { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.arrayBuffer();
    const farmMs = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(farmMs))
      return [{ name: "clock", state: "skipped", found: "the farm does not say its time", fix: "" }];
    const skewMs = nowMs() - farmMs;
    const words = `${formatDuration(Math.abs(Math.round(skewMs / 1_000)) * 1_000)} ${skewMs < 0 ? "behind" : "ahead of"} the farm's`;
    return Math.abs(skewMs) <= SKEW_MAX_MS
      ? [{ name: "clock", state: "ok", found: words, fix: "" }]
      : [{ name: "clock", state: "failed", found: words, fix: "Set the clocks of both, by NTP." }];
  } catch {
    // Why it cannot be reached is told by the check of its port.
    return [{ name: "clock", state: "skipped", found: "the farm could not be asked for its time", fix: "" }];
  }
}
