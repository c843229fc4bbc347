import type { Logger } from "pino";
import { NEW_STANDING } from "../domain/agent-standing.ts";
import { hostKeyOf, newLiveAgent } from "../domain/live-agent.ts";
import { hostOf } from "../domain/devices.ts";
import type { FarmState } from "../domain/farm-state.ts";
import type { AgentRow } from "../domain/rows.ts";
import type { AgentBus } from "../ports/agent-bus.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { FarmEngine } from "./farm-engine.ts";

export type RegisterOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "too-many-agents"; readonly limit: number };

/** Makes agents known. Registering again, with the same identity, replaces what was known. */
export class AgentRegistry {
  readonly #engine: FarmEngine;
  readonly #bus: AgentBus;
  readonly #metrics: Metrics;
  readonly #log: Logger;
  readonly #agentsMax: number;
  /** The end of the latest registration of each agent that has one under way. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(
    engine: FarmEngine,
    parts: { readonly bus: AgentBus; readonly metrics: Metrics; readonly log: Logger },
    agentsMax: number,
  ) {
    this.#engine = engine;
    this.#bus = parts.bus;
    this.#metrics = parts.metrics;
    this.#log = parts.log;
    this.#agentsMax = agentsMax;
  }

  /** True for the agent's latest process only: an earlier one must not speak for it. */
  isRegistered(agentId: string, sessionId: string): boolean {
    return this.#engine.farm.agents.get(agentId)?.row.sessionId === sessionId;
  }

  /**
   * Resolves when the agent can receive assignments and is remembered. Those of
   * one agent are taken in the order in which they came: that of a process that
   * has ended since must not replace its successor's.
   */
  async register(row: Omit<AgentRow, "registeredAtMs">): Promise<RegisterOutcome> {
    const { agentId } = row;
    const before = this.#last.get(agentId) ?? Promise.resolve();
    const registering = before.then(() => this.#register(row));
    const ended = registering.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(agentId, ended);
    try {
      return await registering;
    } finally {
      if (this.#last.get(agentId) === ended) this.#last.delete(agentId);
    }
  }

  async #register(row: Omit<AgentRow, "registeredAtMs">): Promise<RegisterOutcome> {
    const { farm } = this.#engine;
    if (!farm.agents.has(row.agentId) && inFarm(farm) >= this.#agentsMax) {
      this.#metrics.limitReached("agents");
      return { ok: false, reason: "too-many-agents", limit: this.#agentsMax };
    }
    await this.#bus.prepareAgent(row.agentId);
    await this.#engine.act((state, effects, nowMs) => {
      const known = state.agents.get(row.agentId);
      const registered: AgentRow = { ...row, registeredAtMs: nowMs };
      const standing = known?.standing ?? NEW_STANDING;
      const agent = newLiveAgent(registered, standing, hostOf(state, hostKeyOf(registered)), {
        presence: "online",
        nowMs,
      });
      agent.busy = known?.busy ?? 0;
      state.agents.set(row.agentId, agent);
      state.agentsRevision += 1;
      effects.ops.push({ op: "upsert-agent", row: registered });
    });
    this.#log.info({ agentId: row.agentId, agentName: row.name, slots: row.slots }, "an agent registered");
    return { ok: true };
  }
}

/** Those that are revoked are remembered, and are no agents of the farm. */
function inFarm({ agents }: FarmState): number {
  return agents.values().reduce((sum, { standing }) => sum + (standing.revoked ? 0 : 1), 0);
}
