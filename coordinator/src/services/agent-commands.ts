import type { AddWindowBody } from "@kiln/proto";
import type { Logger } from "pino";
import { addWindow, clearHealth, removeWindow, setMode, takeHealthReport } from "../domain/agent-changes.ts";
import { isoMinute, WINDOWS_MAX, type ModeName } from "../domain/agent-standing.ts";
import type { Actor, AuditedAction } from "../domain/audit.ts";
import type { Effects } from "../domain/effects.ts";
import type { FarmState } from "../domain/farm-state.ts";
import type { HealthReport } from "../domain/health-report.ts";
import { devicesOf, type LiveAgent } from "../domain/live-agent.ts";
import type { AuditLog } from "./audit-log.ts";
import type { FarmEngine } from "./farm-engine.ts";

export type AgentCommandOutcome =
  | { readonly ok: true; readonly agentId: string }
  | {
      readonly ok: false;
      readonly reason: "no-such-agent" | "ambiguous-agent" | "no-such-window" | "no-such-gpu" | "bad-window";
      /** A sentence. */
      readonly detail: string;
    };

/**
 * What operators may change about agents. Each resolves once the change is durable, and with it the row of
 * the audit log that tells of it. `agent` is an id, or a name that one agent has.
 */
export interface AgentCommands {
  setMode(agent: string, mode: ModeName, reason: string, by: Actor): Promise<AgentCommandOutcome>;
  addWindow(agent: string, window: AddWindowBody, by: Actor): Promise<AgentCommandOutcome>;
  removeWindow(agent: string, id: number, by: Actor): Promise<AgentCommandOutcome>;
  /** An operator has seen to what failed. `gpu` null: to the agent and all its GPUs. */
  clear(agent: string, gpu: string | null, by: Actor): Promise<AgentCommandOutcome>;
}

const DEFAULT_AHEAD_MS = 30 * 60_000;
const WINDOW_MAX_MS = 7 * 24 * 3_600_000;

export class FarmAgentCommands implements AgentCommands {
  readonly #engine: FarmEngine;
  readonly #audit: Pick<AuditLog, "op">;
  readonly #log: Logger;

  constructor(engine: FarmEngine, parts: { readonly audit: Pick<AuditLog, "op">; readonly log: Logger }) {
    this.#engine = engine;
    this.#audit = parts.audit;
    this.#log = parts.log;
  }

  setMode(agent: string, name: ModeName, reason: string, by: Actor): Promise<AgentCommandOutcome> {
    return this.#engine.act((farm, effects, nowMs) => {
      const found = findAgent(farm, agent);
      if (!found.ok) return found;
      setMode(farm, found.agent, { name, reason }, nowMs, effects);
      return this.#done(found.agent, effects, by, { what: "agent.mode", detail: `${name}: ${reason}` });
    });
  }

  addWindow(agent: string, body: AddWindowBody, by: Actor): Promise<AgentCommandOutcome> {
    return this.#engine.act((farm, effects, nowMs): AgentCommandOutcome => {
      const found = findAgent(farm, agent);
      if (!found.ok) return found;
      const mistake = windowMistake(body, nowMs);
      if (mistake !== null) return { ok: false, reason: "bad-window", detail: mistake };
      const { fromMs, toMs, weekly = false, aheadMs = DEFAULT_AHEAD_MS, reason = "" } = body;
      const added = addWindow(farm, found.agent, { fromMs, toMs, weekly, aheadMs, reason }, nowMs, effects);
      if (!added) {
        return { ok: false, reason: "bad-window", detail: `an agent has at most ${WINDOWS_MAX} maintenance windows` };
      }
      return this.#done(found.agent, effects, by, { what: "agent.mode", detail: windowWords(body) });
    });
  }

  removeWindow(agent: string, id: number, by: Actor): Promise<AgentCommandOutcome> {
    return this.#engine.act((farm, effects, nowMs): AgentCommandOutcome => {
      const found = findAgent(farm, agent);
      if (!found.ok) return found;
      if (removeWindow(farm, found.agent, id, nowMs, effects)) {
        const detail = `maintenance window ${id} is taken back`;
        return this.#done(found.agent, effects, by, { what: "agent.mode", detail });
      }
      const detail = `${found.agent.row.name} has no maintenance window ${id}`;
      return { ok: false, reason: "no-such-window", detail };
    });
  }

  clear(agent: string, gpu: string | null, by: Actor): Promise<AgentCommandOutcome> {
    return this.#engine.act((farm, effects, nowMs): AgentCommandOutcome => {
      const found = findAgent(farm, agent);
      if (!found.ok) return found;
      const { row, host } = found.agent;
      if (gpu !== null && !devicesOf(row).has(gpu) && !host.health.has(gpu)) {
        const has = [...devicesOf(row)].join(", ");
        const detail = `${row.name} has no GPU ${gpu}; it has ${has === "" ? "none" : has}`;
        return { ok: false, reason: "no-such-gpu", detail };
      }
      clearHealth(farm, found.agent, gpu, nowMs, effects);
      const detail = `cleared${gpu === null ? "" : `: ${gpu}`}`;
      return this.#done(found.agent, effects, by, { what: "agent.health", detail });
    });
  }

  /** What the agent found. Resolves once it is durable; false when no such agent is registered. */
  async reportHealth(agentId: string, report: HealthReport): Promise<boolean> {
    const failed = report.checks.filter(({ status }) => status === "failed");
    for (const { name, device, detail } of failed) {
      this.#log.warn({ agentId, check: name, device, detail, moment: report.moment }, "a health check failed");
    }
    return this.#engine.act((farm, effects, nowMs) => {
      const agent = farm.agents.get(agentId);
      if (!agent) return false;
      takeHealthReport(farm, agent, report, nowMs, effects);
      return true;
    });
  }

  /** The change is made: its row is written with it. */
  #done(
    { row }: LiveAgent,
    effects: Effects,
    by: Actor,
    action: Pick<AuditedAction, "what" | "detail">,
  ): AgentCommandOutcome {
    effects.ops.push(this.#audit.op(by, { ...action, object: row.agentId }));
    return { ok: true, agentId: row.agentId };
  }
}

type Found = { readonly ok: true; readonly agent: LiveAgent } | (AgentCommandOutcome & { readonly ok: false });

/** By id, else by a name that only one agent has; who is revoked has given its name up when another has it. */
export function findAgent(farm: FarmState, idOrName: string): Found {
  const byId = farm.agents.get(idOrName);
  if (byId) return { ok: true, agent: byId };
  const all = [...farm.agents.values()].filter(({ row }) => row.name === idOrName);
  const present = all.filter(({ standing }) => !standing.revoked);
  const named = present.length > 0 ? present : all;
  const [only] = named;
  if (!only) return { ok: false, reason: "no-such-agent", detail: `no agent is called ${idOrName.slice(0, 200)}` };
  if (named.length === 1) return { ok: true, agent: only };
  const ids = named.map(({ row }) => row.agentId).join(", ");
  return {
    ok: false,
    reason: "ambiguous-agent",
    detail: `${named.length} agents are called ${idOrName}: say which by id, ${ids}`,
  };
}

function windowWords({ fromMs, toMs, weekly = false, reason = "" }: AddWindowBody): string {
  return `a maintenance window from ${isoMinute(fromMs)} to ${isoMinute(toMs)}${weekly ? ", weekly" : ""}: ${reason}`;
}

function windowMistake({ fromMs, toMs, weekly }: AddWindowBody, nowMs: number): string | null {
  if (toMs <= fromMs) return "a maintenance window ends after it begins";
  if (toMs - fromMs > WINDOW_MAX_MS) return "a maintenance window is at most 7 days long; pause the agent for longer";
  return toMs <= nowMs && weekly !== true ? "this maintenance window is over already" : null;
}
