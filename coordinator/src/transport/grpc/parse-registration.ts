import { isLabelKey, isLabelValue } from "@kiln/matrix";
import type { SoftwareReport } from "../../domain/agent-update.ts";
import { isAgentId, JOB_KINDS, type agent as wire } from "@kiln/proto";
import type { AgentRow } from "../../domain/rows.ts";
import { BadMessageError } from "./bad-message.ts";
import { parseGpu } from "./parse-gpu.ts";

const PYTHONS_MAX = 200;
const GPUS_MAX = 64;
const TOOLKITS_MAX = 100;
const SLOTS_MAX = 1_000;
const LABELS_MAX = 32;

/** Throws BadMessageError with what is wrong. */
export function parseRegistration(request: wire.RegisterRequest): Omit<AgentRow, "registeredAtMs"> {
  const { agentId, sessionId, name, version, slots, executors, kinds, installsTorch, inventory, labels, ephemeral } =
    request;
  if (!isAgentId(agentId)) throw new BadMessageError("agent_id must be 1 to 63 lower-case letters, digits and dashes");
  if (sessionId === "") throw new BadMessageError("session_id is empty");
  if (slots < 1 || slots > SLOTS_MAX) throw new BadMessageError(`slots must be 1 to ${SLOTS_MAX}`);
  if (!inventory) throw new BadMessageError("inventory is missing");
  if (inventory.pythons.length > PYTHONS_MAX) throw new BadMessageError(`more than ${PYTHONS_MAX} Pythons`);
  if (inventory.gpus.length > GPUS_MAX) throw new BadMessageError(`more than ${GPUS_MAX} GPUs`);
  if (inventory.cudaToolkits.length > TOOLKITS_MAX)
    throw new BadMessageError(`more than ${TOOLKITS_MAX} CUDA toolkits`);
  return {
    agentId,
    sessionId,
    name: name.slice(0, 200) || agentId,
    version,
    slots,
    executors: [...executors],
    kinds: JOB_KINDS.filter((kind) => kinds.includes(kind)),
    installsTorch,
    labels: parseLabels(labels),
    ephemeral,
    hostId: parseHostId(inventory.hostId),
    inventory: {
      os: inventory.os,
      arch: inventory.arch,
      osTitle: inventory.osTitle,
      libc: inventory.libc,
      kernel: inventory.kernel,
      cpuModel: inventory.cpuModel,
      cpuCores: inventory.cpuCores,
      memoryBytes: Number(inventory.memoryBytes),
      diskFreeBytes: Number(inventory.diskFreeBytes),
      pythons: inventory.pythons.map(({ feature, version: exact, path, foundBy, platform }) => ({
        feature,
        version: exact,
        path,
        foundBy,
        platform,
      })),
      osRelease: inventory.osRelease,
      gpus: inventory.gpus.map(parseGpu),
      cudaToolkits: inventory.cudaToolkits.map(({ version: exact, path }) => ({ version: exact, path })),
      problems: inventory.problems.map(({ subject, message }) => ({ subject, message })),
    },
  };
}

function parseLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) throw new BadMessageError(`more than ${LABELS_MAX} labels`);
  for (const [key, value] of entries) {
    if (!isLabelKey(key)) throw new BadMessageError(`${JSON.stringify(key.slice(0, 100))} cannot be a label's key`);
    if (!isLabelValue(value)) {
      throw new BadMessageError(`${JSON.stringify(value.slice(0, 100))} cannot be the value of the label ${key}`);
    }
  }
  return Object.fromEntries(entries);
}

function parseHostId(text: string): string {
  if (/^[A-Za-z0-9._:-]{0,128}$/.test(text)) return text;
  throw new BadMessageError("host_id must be at most 128 letters, digits and . _ : -");
}

const REASON_CHARS_MAX = 500;
const SHA256 = /^[0-9a-f]{64}$/;

/** What the agent says of its own software. Throws BadMessageError. */
export function softwareReport({ takesUpdates, bundleSha256, failedUpdate }: wire.RegisterRequest): SoftwareReport {
  if (bundleSha256 !== "" && !SHA256.test(bundleSha256)) throw new BadMessageError("bundle_sha256 is no SHA-256");
  const failed = failedUpdate
    ? { offer: Number(failedUpdate.offer), reason: failedUpdate.reason.slice(0, REASON_CHARS_MAX) }
    : null;
  return { takesUpdates, runningSha256: bundleSha256, failed };
}
