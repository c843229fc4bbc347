import { setTimeout as hold } from "node:timers/promises";
import { repeatAssignments, type AssignmentRecorder } from "./assignment-recorder.ts";
import { DiedError, type AgentName, type FaultFarm } from "./fault-farm.ts";
import { breakLink, type LinkFault } from "./link.ts";
import type { Fault } from "./schedule.ts";
import type { WireState } from "./wire-proxy.ts";

const POLL_MS = 30;
/** After this the next fault of the lane may come, whether an agent is back or not: others may hold it up just then. */
const AGENT_BACK_MS_MAX = 2_500;
/** A farm that has not come back by then will not. */
const BACK_MS_MAX = 40_000;
const LOSS_PERCENT = 30;
const LATENCY_MS = 500;

/** Does the fault, holds it, takes it off, and resolves when the part that had it works again, or an agent needs long. */
export async function inject(farm: FaultFarm, assignments: AssignmentRecorder, fault: Fault): Promise<void> {
  await perform(farm, assignments, fault);
  if (fault.part === "coordinator" || fault.part === "nats") await coordinatorIsReady(farm);
  else await agentIsBack(farm, fault.part);
  farm.assertNothingDied();
}

async function perform(farm: FaultFarm, assignments: AssignmentRecorder, fault: Fault): Promise<void> {
  const { part, holdMs } = fault;
  switch (fault.kind) {
    case "kill":
      await farm.end(part, "SIGKILL");
      await hold(holdMs);
      return part === "coordinator" || part === "nats" ? farm.startPart(part) : farm.launchAgent(part);
    case "stop":
      farm.signal(part, "SIGSTOP");
      await hold(holdMs);
      return farm.signal(part, "SIGCONT");
    case "nats-restart":
    case "nats-store-lost":
      await farm.end(part, "SIGTERM");
      if (fault.kind === "nats-store-lost") farm.loseNatsStore();
      await hold(holdMs);
      return farm.startPart(part);
    case "assignments-again":
      return repeatAssignments(assignments, fault.seed);
    case "disk-full": {
      const disk = farm.disks[fault.part];
      disk.fill(fault.leftBytes);
      await hold(holdMs);
      return disk.empty();
    }
    case "clock-jump":
      farm.setClock(fault.part, fault.byMs);
      await hold(holdMs);
      return;
    case "cut-both":
    case "cut-in":
    case "cut-out":
    case "packet-loss": {
      const mend = breakLink(farm.machines[fault.part], linkFault(fault.kind));
      await hold(holdMs);
      return mend();
    }
    case "connections-cut":
      return farm.wire.set({ kind: "clear" }, true);
    case "latency":
    case "stall-requests":
    case "stall-answers":
    case "swallow-answers":
      await farm.wire.set(wireState(fault.kind));
      await hold(holdMs);
      // What was swallowed is missing from the connection: nothing good can follow on it.
      return farm.wire.set({ kind: "clear" }, fault.kind === "swallow-answers");
  }
}

function linkFault(kind: "cut-both" | "cut-in" | "cut-out" | "packet-loss"): LinkFault {
  if (kind === "packet-loss") return { kind: "loss", percent: LOSS_PERCENT };
  return { kind: "cut", direction: kind === "cut-both" ? "both" : kind === "cut-in" ? "in" : "out" };
}

function wireState(kind: "latency" | "stall-requests" | "stall-answers" | "swallow-answers"): WireState {
  switch (kind) {
    case "latency":
      return { kind, ms: LATENCY_MS };
    case "stall-requests":
      return { kind: "stall", direction: "requests" };
    case "stall-answers":
      return { kind: "stall", direction: "answers" };
    case "swallow-answers":
      return { kind };
  }
}

/** Resolves when it says so itself, NATS included. */
function coordinatorIsReady(farm: FaultFarm): Promise<void> {
  return until("the coordinator is ready", async () => {
    farm.assertNothingDied();
    return (await fetch(`${farm.httpUrl}/readyz`)).ok;
  });
}

export function agentIsOnline(farm: FaultFarm, name: AgentName, msMax = BACK_MS_MAX): Promise<void> {
  const isOnline = async (): Promise<boolean> => {
    farm.assertNothingDied();
    const agents = await farm.api.agents();
    return agents.some((agent) => agent.name === name && agent.state === "online");
  };
  return until(`agent ${name} is online`, isOnline, msMax);
}

/** Resolves when it is, or when that takes long. */
async function agentIsBack(farm: FaultFarm, name: AgentName): Promise<void> {
  try {
    await agentIsOnline(farm, name, AGENT_BACK_MS_MAX);
  } catch (cause) {
    if (cause instanceof DiedError) throw cause;
  }
}

/** Asks until the answer is yes; throws when it takes too long. An error is a no. */
export async function until(what: string, isSo: () => Promise<boolean>, msMax = BACK_MS_MAX): Promise<void> {
  const deadline = performance.now() + msMax;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      if (await isSo()) return;
      last = undefined;
    } catch (cause) {
      if (cause instanceof DiedError) throw cause;
      last = cause;
    }
    await hold(POLL_MS);
  }
  throw new Error(`after ${msMax} ms it is not so that ${what}`, { cause: last });
}
